import { uint32 } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** Answers a ping with its nonce, at once. */
export const pong = message(33, "pong", { nonce: uint32 });
export type Pong = ValueOf<typeof pong>;
