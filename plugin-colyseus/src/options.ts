import type { Client as Player, Room } from "@colyseus/core";
import { assertSendable, ProtocolError } from "@banterwire/protocol";
import type { Candidate, Character, Client } from "@banterwire/protocol/client";
import type { SidecarOptions } from "./sidecar.ts";

/** Who a player is to the NPCs. */
export interface PlayerIdentity {
  /** The game's stable id of the player: what an NPC remembers is kept under it. */
  readonly id: string;
  /** The name by which NPCs know the player. */
  readonly name: string;
}

export interface BanterOptions {
  /** The NPCs of the room, each with at least one authored fallback. */
  readonly characters: readonly Character[];
  /** A client of your own, or where the sidecar is; the process's shared client if absent. */
  readonly sidecar?: Client | Pick<SidecarOptions, "url" | "token">;
  /**
   * Durable name of the world that the room shows, under which memory is kept. By default the
   * room's name and id, so that nothing is remembered once the room is gone.
   */
  readonly worldKey?: string | ((room: Room) => string);
  /**
   * Whom a player's words are for: an NPC's id, or those who may answer, of whom the sidecar chooses
   * one; undefined for nobody. By default the only NPC, where there is one only.
   */
  readonly whoHears?: (client: Player, text: string) => string | readonly Candidate[] | undefined;
  /**
   * Who the player is. By default the `id` and `name` of what the room's `onAuth` returned; where
   * it returned none, the session id, which is another one at each visit: an NPC then forgets the
   * player in between.
   */
  readonly playerOf?: (client: Player) => PlayerIdentity;
  /** From a cue to its first visible text, milliseconds; the sidecar's own budget if absent. */
  readonly ttftBudgetMs?: number;
  /** Told about what went wrong and was dealt with; by default Colyseus's logger is. */
  readonly onTrouble?: (why: string) => void;
}

/**
 * Checks the characters before there is a room, so that a mistake shows at once and in full.
 * @throws TypeError that names the character and says what to do.
 */
export function assertCharacters(characters: readonly Character[]): void {
  const ids = new Set<string>();
  for (const { id, name, persona, fallbacks, closers = [] } of characters) {
    if (ids.has(id)) throw new TypeError(`two characters have the id "${id}"; give each its own`);
    ids.add(id);
    if (!Array.isArray(fallbacks) || fallbacks.length === 0) {
      throw new TypeError(
        `the character "${id}" has no fallbacks; write at least one line for it to say when the model is late`,
      );
    }
    try {
      assertSendable({
        kind: "characterRegister",
        room: 0,
        character: id,
        name,
        persona,
        fallbacks: [...fallbacks],
        closers: [...closers],
      });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw new TypeError(`the character "${id}" cannot be used: ${error.message}`, {
        cause: error,
      });
    }
  }
}

/** The default of `playerOf`. */
export function playerOfAuth(client: Player): PlayerIdentity {
  const auth: unknown = client.auth;
  const { id, name } = (typeof auth === "object" && auth ? auth : {}) as {
    readonly id?: unknown;
    readonly name?: unknown;
  };
  return {
    id: typeof id === "string" || typeof id === "number" ? String(id) : client.sessionId,
    name: typeof name === "string" ? name : "",
  };
}
