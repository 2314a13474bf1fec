import type { Line } from "@banterwire/protocol/client";

/** The open lines that answer players: newer words of a player replace the answer to the older. */
export class Conversations {
  readonly #open = new Map<string, Set<Line>>();

  /** This player's own open line with one of these NPCs; never that of another player. */
  find(playerId: string, npcs: readonly string[]): Line | undefined {
    const lines = this.#open.get(playerId)?.values();
    return lines?.find((line) => npcs.includes(line.character));
  }

  begin(playerId: string, line: Line): void {
    if (line.state.name === "ended") return;
    const lines = this.#open.get(playerId) ?? new Set();
    this.#open.set(playerId, lines.add(line));
  }

  end(playerId: string, line: Line): void {
    const lines = this.#open.get(playerId);
    if (lines?.delete(line) && lines.size === 0) this.#open.delete(playerId);
  }
}
