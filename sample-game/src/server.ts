import { createServer, type Server as HttpServer } from "node:http";
import { defineRoom, defineServer } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { loadPages, servePages } from "./pages.ts";
import { TavernRoom } from "./tavern-room.ts";

/** The rooms and the page behind one HTTP server. */
function gameServer(http: HttpServer, pages: Awaited<ReturnType<typeof loadPages>>) {
  return defineServer({
    greet: false,
    gracefullyShutdown: false,
    transport: new WebSocketTransport({ server: http }),
    express: (app) => servePages(app, pages),
    rooms: { tavern: defineRoom(TavernRoom) },
  });
}

/** The server's type, for the browser's SDK. */
export type GameServer = ReturnType<typeof gameServer>;

export interface RunningGame {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves the game and its page on one port; 0 takes a free one.
 * @throws the listener's error, such as EADDRINUSE.
 */
export async function startGame(port: number, host: string): Promise<RunningGame> {
  const http = createServer();
  const game = gameServer(http, await loadPages());
  // Colyseus only logs that a port is busy, and then waits for ever.
  const failed = new Promise<never>((_resolve, reject) => http.once("error", reject));
  await Promise.race([game.listen(port, host), failed]);
  const address = http.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    close: async () => {
      await game.gracefullyShutdown(false);
      http.closeAllConnections();
    },
  };
}
