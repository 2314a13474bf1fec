import { type Room, Server } from "@colyseus/core";
import { ColyseusSDK, type Room as JoinedRoom } from "@colyseus/sdk";
import { WebSocketTransport } from "@colyseus/ws-transport";

/** A Colyseus server on a port of its own; there can be one in a process. */
export interface GameServer {
  /** Joins the room of that class, which is made if there is none. */
  join(room: RoomClass, options?: Record<string, unknown>): Promise<JoinedRoom>;
  stop(): Promise<void>;
}

export type RoomClass = new () => Room;

const silent = (): void => {};
const SILENT_LOGGER = { debug: silent, error: silent, info: silent, trace: silent, warn: silent };

export async function startGameServer(rooms: readonly RoomClass[]): Promise<GameServer> {
  const transport = new WebSocketTransport();
  const server = new Server({
    transport,
    greet: false,
    gracefullyShutdown: false,
    logger: SILENT_LOGGER,
  });
  for (const room of rooms) server.define(room.name, room);
  await server.listen(0, "127.0.0.1");
  const address = transport.server?.address();
  if (typeof address !== "object" || !address) throw new Error("the game server has no port");
  const sdk = new ColyseusSDK(`ws://127.0.0.1:${address.port}`);
  const joined: JoinedRoom[] = [];
  return {
    join: async (room, options = {}) => {
      const player = await sdk.joinOrCreate(room.name, options);
      player.reconnection.minUptime = 0;
      // The SDK warns of messages that a test does not look at.
      player.onMessage("banter", silent);
      joined.push(player);
      return player;
    },
    stop: async () => {
      for (const player of joined) player.reconnection.enabled = false;
      await server.gracefullyShutdown(false);
    },
  };
}
