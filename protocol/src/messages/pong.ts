import { uint32 } from "../fields.ts";
import { message, type ValueOf } from "./message.ts";

export const pong = message(33, "pong", { nonce: uint32 });
export type Pong = ValueOf<typeof pong>;
