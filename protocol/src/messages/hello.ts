import { z } from "zod";
import { id, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/** The first message of a connection: who speaks, and what it understands. */
export const hello = message(1, "hello", {
  minor: uint32,
  capabilities: z.array(id).max(LIMITS.MAX_CAPABILITIES),
  /** Name and version of the client's software, for logs. */
  client: id,
});
export type Hello = ValueOf<typeof hello>;
