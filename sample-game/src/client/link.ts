import { ColyseusSDK } from "@colyseus/sdk";
import type { GameServer } from "../server.ts";

function join(sdk: ColyseusSDK<GameServer>, name: string) {
  return sdk.joinOrCreate("tavern", { name });
}
export type TavernLink = Awaited<ReturnType<typeof join>>;

export type LinkState =
  | { readonly name: "joining" }
  | { readonly name: "open"; readonly room: TavernLink }
  /** The socket broke; the seat is kept for a while, and the SDK tries to come back to it. */
  | { readonly name: "dropped"; readonly room: TavernLink }
  /** The seat is gone or the server is: we come in anew after a moment. */
  | { readonly name: "lost"; readonly why: string };

export interface LinkEvents {
  changed(state: LinkState): void;
  /** A fresh seat: everything known of an earlier one is void. */
  joined(room: TavernLink): void;
}

const RECONNECT_TRIES = 5;
const FIRST_RETRY_MS = 400;
const MAX_RETRY_MS = 4_000;

/** The page's seat in the tavern, taken again whenever it is lost. */
export class Link {
  readonly #sdk = new ColyseusSDK<GameServer>(location.origin);
  readonly #events: LinkEvents;
  #state: LinkState = { name: "joining" };
  #name: string;
  #failures = 0;

  constructor(name: string, events: LinkEvents) {
    this.#name = name;
    this.#events = events;
    void this.#join();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The room while it can be spoken to. */
  get room(): TavernLink | undefined {
    return this.#state.name === "open" ? this.#state.room : undefined;
  }

  rename(name: string): void {
    this.#name = name;
    this.room?.send("rename", { name });
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#events.changed(state);
  }

  async #join(): Promise<void> {
    try {
      const room = await join(this.#sdk, this.#name);
      this.#failures = 0;
      this.#follow(room);
      this.#events.joined(room);
      this.#setState({ name: "open", room });
    } catch (error) {
      this.#retry(error instanceof Error ? error.message : "no answer");
    }
  }

  #follow(room: TavernLink): void {
    room.reconnection.minUptime = 0;
    room.reconnection.maxRetries = RECONNECT_TRIES;
    room.onDrop(() => this.#setState({ name: "dropped", room }));
    room.onReconnect(() => this.#setState({ name: "open", room }));
    room.onLeave((_code, reason) => this.#retry(reason ?? "the seat is gone"));
    room.onError(() => {
      // What follows, a drop or a leave, says what to do.
    });
  }

  #retry(why: string): void {
    this.#setState({ name: "lost", why });
    const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    setTimeout(() => {
      this.#setState({ name: "joining" });
      void this.#join();
    }, delayMs);
  }
}
