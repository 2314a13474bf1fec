import { cancel } from "./messages/cancel.ts";
import { characterForget } from "./messages/character-forget.ts";
import { characterRegister } from "./messages/character-register.ts";
import { characterUpdate } from "./messages/character-update.ts";
import { cue } from "./messages/cue.ts";
import { error } from "./messages/error.ts";
import { heard } from "./messages/heard.ts";
import { hello } from "./messages/hello.ts";
import type { ValueOf } from "./messages/message.ts";
import { outcome } from "./messages/outcome.ts";
import { ping } from "./messages/ping.ts";
import { pong } from "./messages/pong.ts";
import { resume } from "./messages/resume.ts";
import { roomClose } from "./messages/room-close.ts";
import { roomOpen } from "./messages/room-open.ts";
import { sceneStart } from "./messages/scene-start.ts";
import { sceneStop } from "./messages/scene-stop.ts";

/** What a game's client sends to the sidecar. */
export const UP = [
  hello,
  roomOpen,
  roomClose,
  characterRegister,
  characterUpdate,
  characterForget,
  cue,
  cancel,
  heard,
  outcome,
  sceneStart,
  sceneStop,
  resume,
  ping,
  pong,
  error,
] as const;

export type Up = ValueOf<(typeof UP)[number]>;
