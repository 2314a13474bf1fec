import { setTimeout as sleep } from "node:timers/promises";
import type { LineResult } from "@banterwire/protocol/client";
import { medianOf } from "../support/statistics.ts";
import { CHARACTERS, ROOMS, type Tavern } from "./tavern.ts";

/** What one cue at a time told of the engine, and of the way to it. */
export interface Calibration {
  /** As `banterwire simulate --calls` reads it. */
  readonly csv: string;
  readonly calls: number;
  /** From the room to the sidecar and back, milliseconds. */
  readonly roundTripMs: number;
  /** Median time that a line holds its slot, milliseconds. */
  readonly holdMs: number;
}

const HEADER = "ttft_ms,prompt_eval_ms,load_ms,eval_ms,cached\n";
const PATIENT_MS = 10_000;
/** Long enough between two cues that the sidecar's prefix warm-ups are over. */
const PAUSE_MS = 20;

/** Asks for one line after the other, of characters at random, with nothing else under way. */
export async function calibrate(
  tavern: Tavern,
  count: number,
  random: () => number,
): Promise<Calibration> {
  const rows: string[] = [];
  const tripsMs: number[] = [];
  const holdsMs: number[] = [];
  let last = -1;
  while (rows.length < count) {
    const character = Math.floor(random() * CHARACTERS);
    const result = await tavern.say(Math.floor(random() * ROOMS), character, PATIENT_MS);
    const isCached = character === last;
    last = character;
    const times = timesOf(result);
    if (times) {
      rows.push(
        `${times.firstMs},${times.prefillMs},${times.loadMs},${times.decodeMs},${isCached}`,
      );
      tripsMs.push(times.tripMs);
      holdsMs.push(times.firstMs + times.decodeMs);
    }
    await sleep(PAUSE_MS);
  }
  return {
    csv: `${HEADER}${rows.join("\n")}\n`,
    calls: rows.length,
    roundTripMs: Math.max(0, medianOf(tripsMs)),
    holdMs: medianOf(holdsMs),
  };
}

/** All of them together. */
export function pooled(calibrations: readonly Calibration[]): Calibration {
  return {
    csv: `${HEADER}${calibrations.map(({ csv }) => csv.slice(HEADER.length)).join("")}`,
    calls: calibrations.reduce((sum, { calls }) => sum + calls, 0),
    roundTripMs: medianOf(calibrations.map(({ roundTripMs }) => roundTripMs)),
    holdMs: medianOf(calibrations.map(({ holdMs }) => holdMs)),
  };
}

/** The lines of the model's among them, as `banterwire simulate --calls` reads them. */
export function csvOf(results: readonly LineResult[]): string {
  const rows = results.flatMap((result) => timesOf(result) ?? []);
  const cells = rows.map(({ firstMs, prefillMs, loadMs, decodeMs }) =>
    [firstMs, prefillMs, loadMs, decodeMs].join(","),
  );
  return `ttft_ms,prompt_eval_ms,load_ms,eval_ms\n${cells.join("\n")}\n`;
}

/** From the room to the sidecar and back, the median, milliseconds. */
export function tripMsOf(results: readonly LineResult[]): number {
  return Math.max(0, medianOf(results.flatMap((result) => timesOf(result)?.tripMs ?? [])));
}

/** From the sidecar's own spans; undefined for a line that was not the model's. */
function timesOf({ source, spansUs, ttftMs }: LineResult) {
  if (source !== "model" || !spansUs || ttftMs === undefined) return undefined;
  const [queueMs, connectMs, loadMs, prefillMs, tokenMs, filterMs, decodeMs] = spansUs.map(
    (us) => us / 1_000,
  ) as [number, number, number, number, number, number, number];
  const firstMs = connectMs + loadMs + prefillMs + tokenMs + filterMs;
  // A line of one token takes no time to the last one; the file's readers take 0 for missing.
  const lastMs = Math.max(decodeMs, 0.001);
  return { firstMs, loadMs, prefillMs, decodeMs: lastMs, tripMs: ttftMs - queueMs - firstMs };
}
