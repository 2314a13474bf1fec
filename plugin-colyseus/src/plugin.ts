import { type Client as Player, generateId, type Room, RoomPlugin } from "@colyseus/core";
import type {
  Candidate,
  Client,
  Cue,
  HitRates,
  Line,
  LineResult,
  Room as World,
} from "@banterwire/protocol/client";
import { Broadcast } from "./broadcast.ts";
import { Conversations } from "./conversations.ts";
import {
  assertCharacters,
  type BanterOptions,
  playerOfAuth,
  type PlayerIdentity,
} from "./options.ts";
import { followRoom } from "./room-hooks.ts";
import { connectSidecar } from "./sidecar.ts";
import { cleanSpeech, cleanText } from "./speech.ts";
import { troubleTeller } from "./trouble.ts";
import { MESSAGE_TYPE, SYNC } from "./wire.ts";

/** `unattached` until Colyseus hands over the room; `closed` once it is disposed. */
type State =
  | { readonly name: "unattached" }
  | { readonly name: "attached"; readonly room: Room; readonly broadcast: Broadcast }
  | {
      readonly name: "open";
      readonly room: Room;
      readonly broadcast: Broadcast;
      readonly world: World;
    }
  | { readonly name: "closed"; readonly room: Room };

/** A name fits the protocol's bound in bytes at four bytes a code point. */
const MAX_NAME_CODE_POINTS = 32;
const NAMELESS = "Someone";

/**
 * NPCs that answer, for a Colyseus room: reach it as `this.plugins.npcs`. One instance serves one
 * room, so create it inside of the room's class.
 */
export class BanterPlugin extends RoomPlugin {
  override readonly pluginName = "npcs" as const;
  // An arrow function, because Colyseus binds the handlers of plugins to the room.
  protected override messages = {
    [MESSAGE_TYPE]: (client: Player, message: unknown): void => {
      if (message === SYNC) this.#broadcast?.sync(client);
    },
  };

  readonly #options: BanterOptions;
  readonly #sidecar: Client;
  readonly #conversations = new Conversations();
  readonly #openLines = new Set<Line>();
  readonly #trouble: (why: string) => void;
  #state: State = { name: "unattached" };

  /** @throws TypeError if a character cannot be used, or the sidecar's URL cannot. */
  constructor(options: BanterOptions) {
    super();
    assertCharacters(options.characters);
    this.#options = options;
    this.#trouble = troubleTeller(options.onTrouble);
    const { sidecar } = options;
    this.#sidecar =
      sidecar && "openRoom" in sidecar
        ? sidecar
        : connectSidecar({ ...sidecar, onTrouble: this.#trouble });
    // Colyseus assigns `room` when the room is made, whatever hooks the game has.
    Object.defineProperty(this, "room", {
      get: () => (this.#state.name === "unattached" ? undefined : this.#state.room),
      set: (room: Room) => {
        this.#attach(room);
      },
    });
  }

  /** How often lines came in time, counted over all rooms that share the client. */
  get hitRates(): HitRates {
    return this.#sidecar.hitRates;
  }

  /**
   * Has an NPC answer what happened; all players of the room get the line as it comes. Of several
   * candidates the sidecar chooses who speaks. Returns at once and never throws: what cannot come
   * from the model is one of the NPC's authored lines.
   */
  say(npc: string | readonly Candidate[], cue: Cue): Line {
    const line = this.#world().say(npc, this.#observed(cue));
    if (line.state.name !== "ended") this.#openLines.add(line);
    return line;
  }

  /**
   * Has the NPC, or one of those, whom `whoHears` names answer a player. The text may be whatever the browser sent:
   * it is cut to 280 code points and freed of control characters. While the answer to the same
   * player's earlier words to that NPC, or to one of those, is still coming, the new one replaces it.
   *
   * @returns the answer, or undefined if there was nothing to hear or nobody to hear it.
   */
  hear(client: Player, text: unknown): Line | undefined {
    const said = cleanSpeech(text);
    if (said === "") return undefined;
    const hearers = this.#whoHears(client, said);
    if (hearers === undefined || hearers.length === 0) return undefined;
    const npcs = typeof hearers === "string" ? [hearers] : hearers.map((one) => one.character);
    const player = this.#playerOf(client);
    const supersedes = this.#conversations.find(player.id, npcs);
    const line = this.say(hearers, {
      player,
      said,
      ...(supersedes && { supersedes }),
      onEnd: (_result, line) => this.#conversations.end(player.id, line),
    });
    this.#conversations.begin(player.id, line);
    return line;
  }

  get #broadcast(): Broadcast | undefined {
    const state = this.#state;
    return state.name === "attached" || state.name === "open" ? state.broadcast : undefined;
  }

  #attach(room: Room): void {
    const state = this.#state;
    if (state.name !== "unattached") {
      if (state.room === room) return;
      throw new Error(
        "a BanterPlugin serves one room: create it in the room's class, with `new BanterPlugin(...)` inside of `definePlugins`",
      );
    }
    this.#state = { name: "attached", room, broadcast: new Broadcast(room, this.#trouble) };
    followRoom(room, {
      created: () => void this.#world(),
      joined: (client) => this.#broadcast?.joined(client),
      left: () => this.#left(room),
      disposed: () => this.#close(),
      threw: (error) => this.#trouble(`a hook of the plugin threw: ${String(error)}`),
    });
  }

  /** The room at the sidecar, opened when first needed: a game may rename its room in onCreate. */
  #world(): World {
    const state = this.#state;
    if (state.name === "open") return state.world;
    if (state.name !== "attached") return this.#nowhere();
    const world = this.#openWorld(state.room);
    this.#state = { ...state, name: "open", world };
    for (const character of this.#options.characters) world.register(character);
    return world;
  }

  #openWorld(room: Room): World {
    const { worldKey = `${room.roomName}:${room.roomId}` } = this.#options;
    try {
      const key = typeof worldKey === "function" ? worldKey(room) : worldKey;
      return this.#sidecar.openRoom({ worldKey: key });
    } catch (error) {
      this.#trouble(`worldKey cannot be used, so nothing will be remembered: ${String(error)}`);
      return this.#sidecar.openRoom({ worldKey: generateId() });
    }
  }

  /** For a room that is not there yet or no longer: its lines are authored, and nobody hears them. */
  #nowhere(): World {
    this.#trouble(`say() has no room: it is ${this.#state.name}. Call it from onCreate on`);
    const world = this.#sidecar.openRoom({ worldKey: "nowhere" });
    world.close();
    return world;
  }

  #observed(cue: Cue): Cue {
    const { ttftBudgetMs } = this.#options;
    const broadcast = this.#broadcast;
    return {
      ...(ttftBudgetMs !== undefined && { ttftBudgetMs }),
      ...cue,
      onText: (text: string, offset: number, line: Line) => {
        broadcast?.text(line, offset, text);
        cue.onText?.(text, offset, line);
      },
      onEnd: (result: LineResult, line: Line) => {
        this.#openLines.delete(line);
        broadcast?.end(line, result);
        cue.onEnd?.(result, line);
      },
    };
  }

  #whoHears(client: Player, said: string): string | readonly Candidate[] | undefined {
    const { characters, whoHears } = this.#options;
    if (!whoHears) return characters.length === 1 ? characters[0]?.id : undefined;
    try {
      return whoHears(client, said);
    } catch (error) {
      this.#trouble(`whoHears threw, so nobody heard: ${String(error)}`);
      return undefined;
    }
  }

  #playerOf(client: Player): PlayerIdentity {
    try {
      const { id, name } = (this.#options.playerOf ?? playerOfAuth)(client);
      return { id, name: cleanText(name, MAX_NAME_CODE_POINTS) || NAMELESS };
    } catch (error) {
      this.#trouble(`playerOf threw, so the session id was taken: ${String(error)}`);
      return { id: client.sessionId, name: NAMELESS };
    }
  }

  /** The answer to one who left stays for the others; with nobody left, no line has a listener. */
  #left(room: Room): void {
    if (room.clients.length > 0) return;
    for (const line of this.#openLines) line.cancel();
  }

  #close(): void {
    const state = this.#state;
    if (state.name === "unattached" || state.name === "closed") return;
    if (state.name === "open") state.world.close();
    state.broadcast.close();
    this.#state = { name: "closed", room: state.room };
  }
}
