import { refusing, type Reply, saying, type Step } from "./reply.ts";

const WORDS: readonly Step[] = [
  { do: "say", text: "Mind" },
  { do: "say", text: " the" },
];
const DONE: Step = { do: "done" };
const FOUR_MEBIBYTES = 4_194_304;

/**
 * What an Ollama has been seen to do, by name: hand one to `answerWith` and see what your game
 * makes of it. Each is a reply, so a test can take one apart and change it.
 */
export const MOODS = {
  /** The connection is taken and never answered. */
  blackHole: { steps: [{ do: "hang" }] },
  slowFirstToken: { steps: [{ do: "wait", ms: 5_000 }, ...WORDS, DONE] },
  trickle: saying("One word at a time, slowly, to the end.", 300),
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
  doneWithoutText: { steps: [DONE] },
  emptyFirstTokens: {
    steps: [{ do: "say", text: "" }, { do: "say", text: "" }, ...WORDS, DONE],
  },
  thinking: {
    steps: [{ do: "think", text: "Who is" }, { do: "think", text: " this?" }, ...WORDS, DONE],
  },
  hugeLine: { steps: [...WORDS, { do: "bytes", bytes: "x".repeat(FOUR_MEBIBYTES) }, DONE] },
} as const satisfies Record<string, Reply>;

export type Mood = keyof typeof MOODS;
