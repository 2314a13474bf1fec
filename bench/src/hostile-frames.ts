import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encode, type Up } from "@banterwire/protocol";
import { fuzzDecoders, type FuzzTally } from "@banterwire/protocol/testing";
import { frameOf, fuzzSidecar, RawGame } from "@banterwire/sidecar/testing";
import { type Bench, type Figures, figureOf } from "./bench.ts";
import { startPacedUpstream } from "./support/paced-upstream.ts";
import { type Scale, scaleFromEnv } from "./support/scale.ts";
import { buildSidecar, type LoopLateness, startWarmSidecar } from "./support/sidecar.ts";
import { slopeOf } from "./support/statistics.ts";
import { descriptorsOf } from "./support/usage.ts";

interface Frames {
  readonly decoded: number;
  /** Before the first look at the sidecar: a process drops some of its start when it has run a while. */
  readonly warmUp: number;
  readonly sent: number;
}

const FRAMES: Readonly<Record<Scale, Frames>> = {
  quick: { decoded: 20_000, warmUp: 500, sent: 4_000 },
  usual: { decoded: 200_000, warmUp: 24_000, sent: 40_000 },
  long: { decoded: 1_000_000, warmUp: 100_000, sent: 1_000_000 },
};
/** More than the books of a sidecar remember: they are full before the first look. */
const CUES_OF_WARM_UP = 20_000;
/** A cue of which nobody tells how it went is written off after 10 s. */
const WRITTEN_OFF_MS = 11_000;
/** To run the same frames again, and others: `HOSTILE_SEED=N npm run bench -- hostile-frames`. */
const SEED = Number(process.env["HOSTILE_SEED"] ?? 20_261_121);
/** Looks at the heap, with equally many frames between them. */
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
    const { decoded, warmUp, sent } = FRAMES[scaleFromEnv()];
    process.stdout.write(`seed ${SEED}\n`);
    return { ...decodeMany(decoded), ...(await sendMany(warmUp, sent)) };
  },
};

interface Part {
  readonly seed: number;
  readonly count: number;
}

/** A warm-up, and equal parts of the work; each has frames of its own. */
function* parts(warmUp: number, total: number): Generator<Part> {
  yield { seed: SEED, count: warmUp };
  for (let look = 1; look <= LOOKS; look++) {
    yield { seed: SEED + look * 1_000, count: Math.ceil(total / LOOKS) };
  }
}

function decodeMany(total: number): Figures {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heaps: [frames: number, bytes: number][] = [];
  const tally: FuzzTally = {};
  const startedMs = performance.now();
  let frames = 0;
  for (const { seed, count } of parts(total / LOOKS, total)) {
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

async function sendMany(warmUp: number, total: number): Promise<Figures> {
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
    const descriptors: number[] = [];
    let [frames, connections, resumed] = [0, 0, 0];
    await fillBooks(port);
    const startedMs = performance.now();
    for (const { seed, count } of parts(warmUp, total)) {
      await sidecar.loopLateness();
      const told = await fuzzSidecar({ port, seed, frames: count, connections: CONNECTIONS });
      const isWarmUp = frames === 0;
      if (!isWarmUp) late.push(await sidecar.loopLateness());
      frames += count;
      connections += told.connections;
      resumed += told.resumed;
      for (const [code, times] of Object.entries(told.closes)) {
        codes[code] = (codes[code] ?? 0) + times;
      }
      await sleep(SETTLE_MS);
      if (!isWarmUp) {
        heaps.push([frames, await sidecar.heapBytes()]);
        // Connections to the upstream are kept for the next line: how many follows the last bursts.
        descriptors.push(descriptorsOf(sidecar.pid) - (await upstream.books()).sockets);
      }
      process.stdout.write(`${frames} frames, closes ${JSON.stringify(codes)}\n`);
    }
    const perSecond = (frames * 1_000) / (performance.now() - startedMs - (LOOKS + 1) * SETTLE_MS);
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
      "sidecar: descriptors gained": figureOf(
        [(descriptors.at(-1) ?? NaN) - (descriptors[0] ?? NaN)],
        "descriptors",
      ),
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

/** Asks for lines in a room that is not open, and is never heard of again. */
async function fillBooks(port: number): Promise<void> {
  const nothing = { player: null, said: null, event: null, context: [], supersedes: null };
  const messages: Up[] = [
    { kind: "hello", minor: 0, capabilities: [], client: "bench", session: null },
  ];
  for (let line = 1; line <= 2 * CUES_OF_WARM_UP; line += 2) {
    const ask = { room: 1, line, candidates: [["mira", 0, 0] as [string, number, number]] };
    messages.push({ kind: "cue", ...ask, remainingMs: 1_000, priority: "reply", ...nothing });
  }
  let refused = 0;
  const frames = messages.map((message) => frameOf(encode(message)));
  const game = new RawGame(port, frames, (message) => {
    if (message.kind === "error" && ++refused === CUES_OF_WARM_UP) game.socket.destroy();
  });
  await game.closed;
  await sleep(WRITTEN_OFF_MS);
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
