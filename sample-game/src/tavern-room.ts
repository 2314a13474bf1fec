import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { BanterPlugin } from "@banterwire/colyseus";
import {
  type Client,
  definePlugins,
  logger,
  type MessageContext,
  Room,
  validate,
} from "@colyseus/core";
import { greetingOf, mayGreet } from "./greeting.ts";
import {
  joinWish,
  rename,
  type Said,
  steer,
  type TalkAnswer,
  talkWish,
  type TalkWish,
  walkTo,
} from "./messages.ts";
import { PATRONS } from "./patrons.ts";
import { chosenName, randomName } from "./player-names.ts";
import { askSidecar } from "./sidecar-status.ts";
import { SpeechAllowance } from "./speech-allowance.ts";
import { PlayerState, ServiceState, TavernState } from "./state.ts";
import { DOOR, MAX_SAID_CODE_POINTS } from "./tavern.ts";
import { type Heading, settle, STILL, walk } from "./walking.ts";
import { whoHears } from "./who-hears.ts";

/** What the room knows of a player beside what everybody sees. */
interface Guest {
  /** A sample has no accounts: a player is the same one for as long as the seat is held. */
  readonly playerId: string;
  readonly allowance: SpeechAllowance;
  heading: Heading;
}

type GuestClient = Client<{ messages: { said: Said } }>;

const TICK_MS = 50;
const STATUS_EVERY_MS = 2_000;
const RECONNECT_WITHIN_S = 20;
const MAX_GUESTS = 24;
const GREET_AFTER_MS = 700;
const HUES = [210, 150, 285, 20, 95, 330, 45, 185] as const;

/** One evening at the tavern: players walk and talk, patrons answer. */
export class TavernRoom extends Room<{ state: TavernState; client: GuestClient }> {
  override maxClients = MAX_GUESTS;
  override patchRate = TICK_MS;
  override maxMessagesPerSecond = 60;
  override state = new TavernState();

  readonly #guests = new Map<string, Guest>();
  readonly #disposed = new AbortController();
  #seated = 0;
  #greetedMs = Number.NEGATIVE_INFINITY;

  override plugins = definePlugins([
    new BanterPlugin({
      characters: PATRONS,
      playerOf: (client) => ({
        id: this.#guests.get(client.sessionId)?.playerId ?? client.sessionId,
        name: this.state.players.get(client.sessionId)?.name ?? "",
      }),
      whoHears: (client) => {
        const player = this.state.players.get(client.sessionId);
        return player && whoHears(player)?.id;
      },
    }),
  ]);

  override messages = {
    steer: validate(steer, (client: GuestClient, { x, y }) => {
      this.#head(client, { kind: "steer", x, y });
    }),
    walkTo: validate(walkTo, (client: GuestClient, place) => {
      this.#head(client, { kind: "to", ...settle(place) });
    }),
    rename: validate(rename, (client: GuestClient, { name }) => {
      const player = this.state.players.get(client.sessionId);
      const chosen = chosenName(name);
      if (player && chosen !== undefined) player.name = chosen;
    }),
    // Parsed here, not by validate(), which would hide from the page what is answered.
    talk: (client: GuestClient, message: TalkWish, context: MessageContext) =>
      this.#talk(client, message, context),
  };

  override onCreate(): void {
    this.state.service = new ServiceState();
    this.setSimulationInterval((elapsedMs) => this.#tick(elapsedMs), TICK_MS);
    this.#followSidecar().catch((error: unknown) => logger.error("tavern: status watch", error));
  }

  override onJoin(client: GuestClient, options: unknown): void {
    const { name } = joinWish.safeParse(options ?? {}).data ?? {};
    const taken = new Set(this.state.players.values().map((player) => player.name));
    const player = new PlayerState();
    player.name = chosenName(name ?? "") ?? randomName(taken);
    const seat = settle({ x: DOOR.x + (this.#seated % 5) * 26 - 52, y: DOOR.y });
    player.x = seat.x;
    player.y = seat.y;
    player.hue = HUES[this.#seated % HUES.length] ?? HUES[0];
    player.present = true;
    this.#seated++;
    const allowance = new SpeechAllowance(performance.now());
    this.#guests.set(client.sessionId, { playerId: randomUUID(), allowance, heading: STILL });
    this.state.players.set(client.sessionId, player);
    // The patrons look up when the door has closed; by then the page is ready to hear them.
    this.clock.setTimeout(() => this.#greet(client.sessionId), GREET_AFTER_MS);
  }

  override onDrop(client: GuestClient): void {
    const player = this.state.players.get(client.sessionId);
    if (player) player.present = false;
    this.#head(client, STILL);
    // Its failure is a leave, which Colyseus tells by onLeave.
    this.allowReconnection(client, RECONNECT_WITHIN_S).catch(() => {});
  }

  override onReconnect(client: GuestClient): void {
    const player = this.state.players.get(client.sessionId);
    if (player) player.present = true;
  }

  override onLeave(client: GuestClient): void {
    this.state.players.delete(client.sessionId);
    this.#guests.delete(client.sessionId);
  }

  override onDispose(): void {
    this.#disposed.abort();
  }

  #head(client: GuestClient, heading: Heading): void {
    const guest = this.#guests.get(client.sessionId);
    if (guest) guest.heading = heading;
  }

  #talk(client: GuestClient, message: unknown, context: MessageContext) {
    const wish = talkWish.safeParse(message);
    const guest = this.#guests.get(client.sessionId);
    const player = this.state.players.get(client.sessionId);
    if (!wish.success || !guest || !player) return context.reject("That cannot be said here.");
    if (!guest.allowance.take(performance.now())) {
      return context.reject("Draw a breath first: you talk faster than anybody can listen.");
    }
    const text = Array.from(wish.data.text).slice(0, MAX_SAID_CODE_POINTS).join("");
    this.broadcast("said", { player: client.sessionId, name: player.name, text });
    const line = this.plugins.npcs.hear(client, text);
    return { heardBy: line?.character ?? null, line: line?.id ?? null } satisfies TalkAnswer;
  }

  /** Who comes in is greeted by one patron, and a crowd by few: words cost the others' slots. */
  #greet(sessionId: string): void {
    const name = this.state.players.get(sessionId)?.name;
    if (name === undefined) return;
    const nowMs = performance.now();
    if (!mayGreet(nowMs - this.#greetedMs)) return;
    this.#greetedMs = nowMs;
    const { npc, cue } = greetingOf(name);
    this.plugins.npcs.say(npc, cue);
  }

  #tick(elapsedMs: number): void {
    for (const [id, { heading }] of this.#guests) {
      const player = this.state.players.get(id);
      if (!player || heading.kind === "still") continue;
      const next = walk({ at: player, heading }, Math.min(elapsedMs, 4 * TICK_MS));
      player.x = next.at.x;
      player.y = next.at.y;
      this.#guests.get(id)!.heading = next.heading;
    }
    const { cues, modelHits, anyHits } = this.plugins.npcs.hitRates;
    Object.assign(this.state.service, { cues, modelHits, anyHits });
  }

  async #followSidecar(): Promise<void> {
    const address = process.env["BANTERWIRE_URL"] ?? "ws://127.0.0.1:7433";
    const { signal } = this.#disposed;
    while (!signal.aborted) {
      const status = await askSidecar(address, signal);
      const { service } = this.state;
      service.model = status?.endpoints[0].model ?? "";
      service.kind = status?.endpoints[0].kind ?? "";
      service.state = status?.endpoints[0].state ?? "unreachable";
      await setTimeout(STATUS_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
