import { uint32 } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

/** Asks for a pong with the same nonce; either peer may send it. */
export const ping = message(32, "ping", { nonce: uint32 });
export type Ping = ValueOf<typeof ping>;
