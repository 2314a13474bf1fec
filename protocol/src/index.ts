export { type Clock, DeadlineClock, systemClock } from "./clock.ts";
export { type Code, type CodeEntry, CODES, codeEntry, ProtocolError } from "./codes.ts";
export { CAPABILITIES, type Capability } from "./capabilities.ts";
export { assertSendable, decodeDown, decodeUp, encode, type UnknownMessage } from "./codec.ts";
export { afterCodePoints, countCodePoints } from "./code-points.ts";
export { DeadlineHeap } from "./deadline-heap.ts";
export { DOWN, type Down } from "./down.ts";
export { PRIORITIES, type Priority, type Reason, REASONS, type Source, SOURCES } from "./fields.ts";
export { LIMITS } from "./limits.ts";
export {
  advanceLine,
  lengthOf,
  type LineEvent,
  type LineState,
  type LineStep,
  WAITING,
} from "./line-state.ts";
export type { Action } from "./messages/action.ts";
export type { CharacterRegister } from "./messages/character-register.ts";
export type { CharacterUpdate } from "./messages/character-update.ts";
export type { Cue } from "./messages/cue.ts";
export type { ErrorMessage } from "./messages/error.ts";
export type { Heard } from "./messages/heard.ts";
export type { Hello } from "./messages/hello.ts";
export type { LineEnd } from "./messages/line-end.ts";
export type { Outcome as OutcomeReport } from "./messages/outcome.ts";
export type { Resume } from "./messages/resume.ts";
export type { SceneStart } from "./messages/scene-start.ts";
export type { Welcome } from "./messages/welcome.ts";
export { displayMsFor } from "./reading-pace.ts";
export { UP, type Up } from "./up.ts";
export { OLDEST_MINOR, PROTOCOL_MINOR, SUBPROTOCOL } from "./version.ts";
