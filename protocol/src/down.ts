import { action } from "./messages/action.ts";
import { delta } from "./messages/delta.ts";
import { drain } from "./messages/drain.ts";
import { error } from "./messages/error.ts";
import { flow } from "./messages/flow.ts";
import { lineBegin } from "./messages/line-begin.ts";
import { lineEnd } from "./messages/line-end.ts";
import type { ValueOf } from "./messages/message.ts";
import { ping } from "./messages/ping.ts";
import { pong } from "./messages/pong.ts";
import { sceneEnd } from "./messages/scene-end.ts";
import { welcome } from "./messages/welcome.ts";

/** What the sidecar sends to a game's client. */
export const DOWN = [
  welcome,
  lineBegin,
  delta,
  lineEnd,
  action,
  flow,
  drain,
  sceneEnd,
  ping,
  pong,
  error,
] as const;

export type Down = ValueOf<(typeof DOWN)[number]>;
