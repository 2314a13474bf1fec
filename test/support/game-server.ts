import { type Room, Server } from "@colyseus/core";
import { ColyseusSDK, type Room as JoinedRoom } from "@colyseus/sdk";
import { WebSocketTransport } from "@colyseus/ws-transport";

/** A Colyseus server on a port of its own; there can be one in a process. */
export interface GameServer {
  /** Joins the room of that class, which is made if there is none. */
  join(room: RoomClass, options?: JoinOptions): Promise<JoinedRoom>;
  readonly port: number;
  stop(): Promise<void>;
}

export interface JoinOptions extends Record<string, unknown> {
  /** Where the player connects to, if not to the server itself. */
  readonly viaPort?: number;
}

export type RoomClass = new () => Room;

const silent = (): void => {};
const SILENT_LOGGER = { debug: silent, error: silent, info: silent, trace: silent, warn: silent };

/** @param pingIntervalMs after two of these without an answer the server drops a player; 0: never */
export async function startGameServer(
  rooms: readonly RoomClass[],
  pingIntervalMs?: number,
): Promise<GameServer> {
  const transport = new WebSocketTransport(
    pingIntervalMs === undefined ? {} : { pingInterval: pingIntervalMs },
  );
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
  const { port } = address;
  const joined: JoinedRoom[] = [];
  return {
    port,
    join: async (room, { viaPort = port, ...options } = {}) => {
      const sdk = new ColyseusSDK(`ws://127.0.0.1:${viaPort}`);
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
