import { z } from "zod";
import { id, session, uint32 } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { message, type ValueOf } from "./message.ts";

/** Answers hello: the connection is open. */
export const welcome = message(64, "welcome", {
  /** The lower of both peers' minor versions. */
  minor: uint32,
  /** The client's capabilities that the sidecar shares. */
  capabilities: z.array(id).max(LIMITS.MAX_CAPABILITIES),
  /** Name and version of the sidecar's software, for logs. */
  server: id,
  /** What to say in the next hello to go on with what this connection holds. */
  session,
  /** A number that this run of the sidecar keeps: another one means that it was restarted. */
  epoch: uint32,
  /** Whether rooms, characters and lines of the session that hello named still stand. */
  resumed: z.boolean(),
  /** How long after a loss the session can be gone on with, milliseconds; 0 where never. */
  resumeWindowMs: uint32,
  /** Budget for rooms that have none of their own, milliseconds. */
  ttftBudgetMs: uint32.min(1),
  /** Each peer pings this often; one of whom nothing came for twice as long is gone. */
  heartbeatMs: uint32.min(1),
  /** Rooms open on this connection. */
  maxRooms: uint32,
  /** Characters registered in one room. */
  maxCharactersPerRoom: uint32,
  /** Lines open in one room. */
  maxLinesPerRoom: uint32,
  /** Lines open on this connection. */
  maxLines: uint32,
  /** Cues of one room, by the token bucket. */
  maxCuesPerSecondPerRoom: uint32.min(1),
  /** Cues of all connections with the same token, by the token bucket. */
  maxCuesPerSecondPerGame: uint32.min(1),
});
export type Welcome = ValueOf<typeof welcome>;
