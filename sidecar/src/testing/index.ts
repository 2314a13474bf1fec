export { DecisionStage } from "./decision-stage.ts";
export { type EchoListener, startEchoListener } from "./echo-listener.ts";
export { fuzzSidecar, type SidecarFuzz, type SidecarFuzzTally } from "./fuzz-sidecar.ts";
export { frameOf, RawGame } from "./raw-game.ts";
export type { Books, Received } from "./books.ts";
export { type Mood, MOODS } from "./moods.ts";
export { type Outcome, OUTCOMES } from "./outcomes.ts";
export type { WhileLoading } from "./residency.ts";
export { refusing, type Reply, saying, type Step, tokensOf } from "./reply.ts";
export type { Script, ScriptedModel } from "./scripted-engine.ts";
export {
  type ScriptedOllama,
  type ScriptedOllamaOptions,
  startScriptedOllama,
} from "./scripted-ollama.ts";
export { inOneWrite, inPieces } from "./wire.ts";
