import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fuzzDecoders, type FuzzTally } from "@banterwire/protocol/testing";
import { fuzzSidecar } from "@banterwire/sidecar/testing";
import { type Bench, type Figures, figureOf } from "./bench.ts";
import { startPacedUpstream } from "./support/paced-upstream.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { buildSidecar, type LoopLateness, startWarmSidecar } from "./support/sidecar.ts";
import { slopeOf } from "./support/statistics.ts";
import { descriptorsOf } from "./support/usage.ts";

const FRAMES: Readonly<Record<Scale, { readonly decoded: number; readonly sent: number }>> = {
  quick: { decoded: 20_000, sent: 4_000 },
  usual: { decoded: 200_000, sent: 40_000 },
  long: { decoded: 1_000_000, sent: 1_000_000 },
};
/** To run the same frames again, and others: `HOSTILE_SEED=N npm run bench -- hostile-frames`. */
const SEED = Number(process.env["HOSTILE_SEED"] ?? 20_261_121);
/** Looks at the heap, after equally many frames each, when a first share has warmed all up. */
const LOOKS = 8;
const CONNECTIONS = 16;
const SLOTS = 64;
/** How long a session that was lost is kept; a look at the heap waits longer than that. */
const RESUME_WINDOW_MS = 1_000;
/** Generations that damaged cues began have ended, lost sessions too, and closed sockets are gone. */
const SETTLE_MS = 2_000;

export const hostileFrames: Bench = {
  name: "hostile-frames",
  about: "damaged frames through the decoders and through a running sidecar: crashes, heap, stalls",
  goals: {
    "decoders: heap gained per frame": { atMost: 1 },
    "sidecar: connections that ended without a word": { atMost: 0 },
    "sidecar: faults of its own": { atMost: 0 },
    "sidecar: heap gained per frame": { atMost: 1 },
    "sidecar: descriptors gained": { atMost: 0 },
    "sidecar: connections, rooms, lines and generations left": { atMost: 0 },
  },
  async run() {
    const { decoded, sent } = FRAMES[scaleFromEnv()];
    process.stdout.write(`seed ${SEED}\n`);
    return { ...decodeMany(decoded), ...(await sendMany(sent)) };
  },
};

/** Equal parts of the work, the first of which is the warm-up; each has frames of its own. */
function* parts(total: number): Generator<{ readonly seed: number; readonly count: number }> {
  for (let look = 0; look <= LOOKS; look++) {
    yield { seed: SEED + look * 1_000, count: Math.ceil(total / (LOOKS + 1)) };
  }
}

function decodeMany(total: number): Figures {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heaps: [frames: number, bytes: number][] = [];
  const tally: FuzzTally = {};
  const startedMs = performance.now();
  let frames = 0;
  for (const { seed, count } of parts(total)) {
    for (const [outcome, times] of Object.entries(fuzzDecoders(seed, count))) {
      tally[outcome] = (tally[outcome] ?? 0) + times;
    }
    frames += count;
    collect();
    heaps.push([frames, process.memoryUsage().heapUsed]);
  }
  const perSecond = (frames * 1_000) / (performance.now() - startedMs);
  return {
    "decoders: frames": figureOf([frames], "frames"),
    "decoders: frames a second, through both": figureOf([perSecond], "1/s"),
    "decoders: taken": figureOf([tally["taken"] ?? 0], "frames"),
    "decoders: heap gained per frame": figureOf([slopeOf(heaps)], "bytes"),
  };
}

async function sendMany(total: number): Promise<Figures> {
  buildSidecar();
  const upstream = await startPacedUpstream();
  const sidecar = await startWarmSidecar({
    origin: upstream.origin,
    slots: SLOTS,
    probe: true,
    env: { BANTERWIRE_RESUME_WINDOW_MS: String(RESUME_WINDOW_MS) },
  });
  try {
    const port = Number(new URL(sidecar.url).port);
    const heaps: [frames: number, bytes: number][] = [];
    const late: LoopLateness[] = [];
    const codes: Record<string, number> = {};
    let [frames, connections, resumed, before] = [0, 0, 0, 0];
    const startedMs = performance.now();
    for (const { seed, count } of parts(total)) {
      await sidecar.loopLateness();
      const told = await fuzzSidecar({ port, seed, frames: count, connections: CONNECTIONS });
      // The first part is the warm-up.
      if (frames > 0) late.push(await sidecar.loopLateness());
      frames += count;
      connections += told.connections;
      resumed += told.resumed;
      for (const [code, times] of Object.entries(told.closes)) {
        codes[code] = (codes[code] ?? 0) + times;
      }
      await sleep(SETTLE_MS);
      heaps.push([frames, await sidecar.heapBytes()]);
      before ||= descriptorsOf(sidecar.pid);
      process.stdout.write(`${frames} frames, closes ${JSON.stringify(codes)}\n`);
    }
    const perSecond = (frames * 1_000) / (performance.now() - startedMs - heaps.length * SETTLE_MS);
    return {
      "sidecar: frames": figureOf([frames], "frames"),
      "sidecar: connections": figureOf([connections], "connections"),
      "sidecar: of them, resumed": figureOf([resumed], "connections"),
      "sidecar: frames a second": figureOf([perSecond], "1/s"),
      "sidecar: connections that ended without a word": figureOf([codes["1006"] ?? 0], "times"),
      "sidecar: faults of its own": figureOf([codes["4500"] ?? 0], "times"),
      "sidecar: loop late, p99": figureOf(
        late.map(({ p99Ms }) => p99Ms),
        "ms",
      ),
      "sidecar: loop late, worst": figureOf(
        late.map(({ maxMs }) => maxMs),
        "ms",
      ),
      "sidecar: heap gained per frame": figureOf([slopeOf(heaps)], "bytes"),
      "sidecar: descriptors gained": figureOf([descriptorsOf(sidecar.pid) - before], "descriptors"),
      "sidecar: connections, rooms, lines and generations left": figureOf(
        [await leftOf(sidecar)],
        "things",
      ),
    };
  } finally {
    await sidecar.stop();
    await upstream.stop();
  }
}

/** By the sidecar's own books. */
async function leftOf(sidecar: { status(): Promise<unknown> }): Promise<number> {
  const { connections, detached, rooms, lines, endpoints } = (await sidecar.status()) as {
    connections: number;
    detached: number;
    rooms: number;
    lines: number;
    endpoints: [Record<"inFlight" | "zombies" | "waiting" | "opens" | "closes", number>];
  };
  const { inFlight, zombies, waiting, opens, closes } = endpoints[0];
  const left = connections + detached + rooms + lines + inFlight + zombies + waiting;
  return left + Math.abs(opens - closes);
}
