import { Pool } from "undici";
import { WebSocketServer } from "ws";
import { chat } from "./chat.ts";

/** From the game: a body to ask with, or null to give the line up. To the game: text, or null. */
export type FloorFrame = [line: number, text: string | null][];

/** The fastest pipe we can write, without features: its cost is what nobody can save. */
export function servePipe(origin: string, listening: (port: number) => void): void {
  const upstream = new Pool(origin, { connections: 4096, headersTimeout: 0, bodyTimeout: 0 });
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  server.on("listening", () => listening((server.address() as { port: number }).port));
  server.on("connection", (socket) => {
    const cancels = new Map<number, () => void>();
    const fresh = new Set<number>();
    let pending: FloorFrame = [];
    const flush = (): void => {
      if (pending.length > 0) socket.send(JSON.stringify(pending));
      pending = [];
    };
    const put = (line: number, text: string | null): void => {
      if (fresh.delete(line)) return socket.send(JSON.stringify([[line, text]]));
      if (pending.push([line, text]) === 1) setImmediate(flush);
    };
    socket.on("error", () => socket.terminate());
    socket.on("message", (data) => {
      const [line, body] = JSON.parse((data as Buffer).toString()) as [number, string | null];
      cancels.get(line)?.();
      cancels.delete(line);
      if (body === null) return;
      fresh.add(line);
      const end = (): void => {
        cancels.delete(line);
        put(line, null);
      };
      cancels.set(line, chat(upstream, body, { text: (token) => put(line, token), end }));
    });
  });
}
