import { decodeDown, decodeUp, encode } from "@banterwire/protocol";
import { decode as decodeMsgpack, encode as encodeMsgpack } from "@msgpack/msgpack";
import { pack, unpack } from "msgpackr";
import { type Bench, figureOf, type Figures } from "./bench.ts";
import { COALESCED_DELTA, type Message, oneOfEach } from "./codec/messages.ts";
import { seededRandom } from "./support/random.ts";
import { scaleFromEnv } from "./support/scale.ts";
import { figureOfInterval, ratioOfRounds } from "./support/statistics.ts";

/** CPU time that each codec gets in each round; a round takes all of them in turn. */
const TURN_US = 4_000;
const ROUNDS = { quick: 3, usual: 15, long: 60 } as const;
const SEED = 1;
/** Calls between two looks at the CPU time. */
const BATCH = 256;

const OURS = "banterwire, validated";
const PLAIN = "msgpackr, plain";
const DECODE_GOAL = `decode delta, ${OURS}, against ${PLAIN}`;

type Work = () => unknown;

/** One thing that is measured. */
interface Task {
  readonly key: string;
  readonly work: Work;
  readonly rounds: number[];
}

export const codec: Bench = {
  name: "codec",
  about: "encode and decode of each message, beside JSON, msgpackr and @msgpack/msgpack",
  goals: { [DECODE_GOAL]: { atMost: 1 } },
  run() {
    const messages = oneOfEach();
    const tasks = messages.flatMap(tasksOf);
    for (const task of tasks) nanosecondsPerCall(task.work);
    for (let round = 0; round < ROUNDS[scaleFromEnv()]; round++) {
      // Every round begins with another one, so that none is always first.
      for (let turn = 0; turn < tasks.length; turn++) {
        const task = tasks[(round + turn) % tasks.length]!;
        task.rounds.push(nanosecondsPerCall(task.work));
      }
    }
    return Promise.resolve(figuresOf(messages, tasks));
  },
};

function tasksOf({ name, direction, value, wire }: Message): Task[] {
  const json = JSON.stringify(wire);
  const [frame, packed, jsonFrame] = [encode(value), pack(wire), Buffer.from(json)];
  const decodeOurs = direction === "up" ? decodeUp : decodeDown;
  const works: [string, Work][] = [
    [`encode ${name}, ${OURS}`, () => encode(value)],
    [`encode ${name}, ${PLAIN}`, () => pack(wire)],
    [`encode ${name}, @msgpack/msgpack`, () => encodeMsgpack(wire)],
    [`encode ${name}, JSON`, () => Buffer.from(JSON.stringify(wire))],
    [`decode ${name}, ${OURS}`, () => decodeOurs(frame)],
    [`decode ${name}, ${PLAIN}`, () => unpack(packed)],
    [`decode ${name}, @msgpack/msgpack`, () => decodeMsgpack(packed)],
    [`decode ${name}, JSON`, () => JSON.parse(jsonFrame.toString()) as unknown],
  ];
  return works.map(([key, work]) => ({ key, work, rounds: [] }));
}

/** Kept, so that no work can be left out for want of a use. */
let lastResult: unknown;

/** In CPU time of this process, so that a busy neighbour counts for little. */
function nanosecondsPerCall(work: Work): number {
  const before = process.cpuUsage();
  let calls = 0;
  let usedUs = 0;
  while (usedUs < TURN_US) {
    for (let call = 0; call < BATCH; call++) lastResult = work();
    calls += BATCH;
    const { user, system } = process.cpuUsage(before);
    usedUs = user + system;
  }
  if (lastResult === undefined) throw new Error("the run is void: a codec made nothing");
  return (usedUs / calls) * 1_000;
}

function figuresOf(messages: readonly Message[], tasks: readonly Task[]): Figures {
  const random = seededRandom(SEED);
  const roundsOf = (key: string): number[] => tasks.find((task) => task.key === key)?.rounds ?? [];
  const figures: Figures = {};
  for (const { key, rounds } of tasks) figures[key] = figureOf(rounds, "ns");
  for (const name of ["delta", COALESCED_DELTA.name]) {
    for (const way of ["decode", "encode"]) {
      const [ours, plain] = [`${way} ${name}, ${OURS}`, `${way} ${name}, ${PLAIN}`];
      const ratio = ratioOfRounds(roundsOf(ours), roundsOf(plain), random);
      figures[`${ours}, against ${PLAIN}`] = figureOfInterval(ratio, "x");
    }
    const message = messages.find((one) => one.name === name);
    if (!message) throw new Error(`no message ${name}`);
    const { value, wire } = message;
    figures[`bytes of ${name}, banterwire`] = figureOf([encode(value).length], "B");
    figures[`bytes of ${name}, JSON`] = figureOf([JSON.stringify(wire).length], "B");
  }
  return figures;
}
