import { z } from "zod";
import { id, session, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/** The first message of a connection: who speaks, and what it understands. */
export const hello = message(1, "hello", {
  /** The newest minor version the client speaks. */
  minor: uint32,
  /** Optional parts of the protocol that the client understands. */
  capabilities: z.array(id).max(LIMITS.MAX_CAPABILITIES),
  /** Name and version of the client's software, for logs. */
  client: id,
  /** The session to go on with, as an earlier welcome named it; nil for a new one. */
  session: session.nullable(),
});
export type Hello = ValueOf<typeof hello>;
