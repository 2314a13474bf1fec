import { cancel } from "./messages/cancel.ts";
import { characterRegister } from "./messages/character-register.ts";
import { cue } from "./messages/cue.ts";
import { error } from "./messages/error.ts";
import { hello } from "./messages/hello.ts";
import type { ValueOf } from "./messages/message.ts";
import { ping } from "./messages/ping.ts";
import { pong } from "./messages/pong.ts";
import { roomClose } from "./messages/room-close.ts";
import { roomOpen } from "./messages/room-open.ts";

/** What a game's client sends to the sidecar. */
export const UP = [
  hello,
  roomOpen,
  roomClose,
  characterRegister,
  cue,
  cancel,
  ping,
  pong,
  error,
] as const;

export type Up = ValueOf<(typeof UP)[number]>;
