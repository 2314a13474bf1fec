import { type Client, createClient } from "../client/client.ts";
import type { ClientOptions } from "../client/client-options.ts";
import type { Character, Room } from "../client/room.ts";
import { FakeClock } from "./fake-clock.ts";
import { ScriptedSidecar, type ScriptedSidecarOptions } from "./scripted-sidecar.ts";

export const MIRA: Character = {
  id: "mira",
  name: "Mira",
  persona: "Mira keeps the tavern.",
  fallbacks: ["Later, friend."],
  closers: ["… where was I?"],
};

export const BRAM: Character = {
  id: "bram",
  name: "Bram",
  persona: "Bram drinks there.",
  fallbacks: ["Hrm."],
};

/** Something to answer. */
export const EVENT = { event: "A bell rings." };
/** By then the first attempt after a loss has been made. */
export const FIRST_RETRY_MS = 50;

export interface ConnectedClient {
  readonly clock: FakeClock;
  readonly sidecar: ScriptedSidecar;
  readonly client: Client;
  /** Has Mira and Bram. */
  readonly room: Room;
  readonly troubles: string[];
}

/** A client under a clock that stands still, welcomed by a scripted sidecar. */
export function connectClient(
  sidecarOptions: Partial<ScriptedSidecarOptions> = {},
  clientOptions: Partial<ClientOptions> = {},
): ConnectedClient {
  const clock = new FakeClock(1_000);
  const sidecar = new ScriptedSidecar({ clock, ...sidecarOptions });
  const troubles: string[] = [];
  const client = createClient({
    url: "memory:",
    clock,
    openTransport: sidecar.openTransport,
    random: () => 0.5,
    onTrouble: (why) => troubles.push(why),
    ...clientOptions,
  });
  const room = client.openRoom({ worldKey: "tavern" });
  room.register(MIRA);
  room.register(BRAM);
  const { upDelayMs = 0, downDelayMs = 0 } = sidecarOptions;
  // Connect, hello, welcome, first ping and pong.
  clock.advance(3 * (upDelayMs + downDelayMs));
  return { clock, sidecar, client, room, troubles };
}
