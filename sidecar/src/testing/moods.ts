import { refusing, type Reply, saying, type Step } from "./reply.ts";
import { inOneWrite, inPieces } from "./wire.ts";

const WORDS: readonly Step[] = [
  { do: "say", text: "Mind" },
  { do: "say", text: " the" },
];
const DONE: Step = { do: "done" };
/** What no one may cut in the middle. */
const MANY_BYTES = "Ein Bärenhunger! 🐻 Käse?";
const HUM: readonly Step[] = [
  { do: "think", text: " hm" },
  { do: "wait", ms: 25 },
];
const FOUR_MEBIBYTES = 4_194_304;

/**
 * What an Ollama has been seen to do, by name: hand one to `answerWith` and see what your game
 * makes of it. Each is a reply, so a test can take one apart and change it.
 */
export const MOODS = {
  plain: saying(MANY_BYTES),
  splitAnywhere: inPieces(saying(MANY_BYTES), 1),
  merged: inOneWrite(saying(MANY_BYTES)),
  /** The connection is taken and never answered. */
  blackHole: { steps: [{ do: "hang" }] },
  slowFirstToken: { steps: [{ do: "wait", ms: 5_000 }, ...WORDS, DONE] },
  trickle: {
    steps: [...WORDS, { do: "wait", ms: 300 }, { do: "say", text: " step." }, DONE],
  },
  /** Its client's disconnect is ignored for most of a second: the slot stays taken. */
  deaf: { prefillMs: 900, steps: [...WORDS, DONE] },
  stallMidLine: { steps: [...WORDS, { do: "hang" }] },
  deathMidLine: { steps: [...WORDS, { do: "die" }] },
  deathBeforeText: { steps: [{ do: "die" }] },
  endWithoutDone: { steps: WORDS },
  emptyBody: { steps: [] },
  overloaded: refusing(503, "server busy, please try again.  maximum pending requests exceeded"),
  crashed: refusing(500, "llama runner process has terminated"),
  modelMissing: refusing(404, "model not found"),
  silentFailure: { status: 500, steps: [] },
  htmlPage: {
    contentType: "text/html",
    steps: [{ do: "bytes", bytes: "<html>\n<body>It works!</body>\n</html>\n" }],
  },
  garbage: { steps: [{ do: "bytes", bytes: Uint8Array.of(0xff, 0x00, 0xc3, 0x28, 0x0a) }] },
  garbageMidLine: { steps: [...WORDS, { do: "bytes", bytes: '{"message":\n' }] },
  errorLine: { steps: [{ do: "error", message: "an error was encountered while running" }] },
  errorLineMidLine: { steps: [...WORDS, { do: "error", message: "the runner was stopped" }] },
  doubleDone: { steps: [...WORDS, DONE, DONE] },
  textAfterDone: { steps: [...WORDS, DONE, ...WORDS] },
  /** A proxy, say, that keeps the answer open when all of it is there. */
  doneWithoutEnd: { steps: [...WORDS, DONE, { do: "hang" }] },
  doneWithoutText: { steps: [DONE] },
  emptyFirstTokens: {
    steps: [{ do: "say", text: "" }, { do: "say", text: "" }, ...WORDS, DONE],
  },
  thinking: {
    steps: [{ do: "think", text: "Who is" }, { do: "think", text: " this?" }, ...WORDS, DONE],
  },
  longThinking: { steps: [...Array.from({ length: 40 }, () => HUM).flat(), ...WORDS, DONE] },
  hugeLine: { steps: [...WORDS, { do: "bytes", bytes: "x".repeat(FOUR_MEBIBYTES) }, DONE] },
} as const satisfies Record<string, Reply>;

export type Mood = keyof typeof MOODS;
