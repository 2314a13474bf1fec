export { type Clock, systemClock } from "./clock.ts";
export { type Code, type CodeEntry, CODES, codeEntry, ProtocolError } from "./codes.ts";
export { assertSendable, decodeDown, decodeUp, encode, type UnknownMessage } from "./codec.ts";
export { countCodePoints } from "./code-points.ts";
export { DOWN, type Down } from "./down.ts";
export { PRIORITIES, type Priority, type Reason, REASONS, type Source, SOURCES } from "./fields.ts";
export { LIMITS } from "./limits.ts";
export {
  advanceLine,
  type LineEvent,
  type LineState,
  type LineStep,
  WAITING,
} from "./line-state.ts";
export type { CharacterRegister } from "./messages/character-register.ts";
export type { Cue } from "./messages/cue.ts";
export type { LineEnd } from "./messages/line-end.ts";
export type { Welcome } from "./messages/welcome.ts";
export { displayMsFor } from "./reading-pace.ts";
export { UP, type Up } from "./up.ts";
export { PROTOCOL_MINOR, SUBPROTOCOL } from "./version.ts";
