import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One chat that went through the tap, as the bytes said it. */
export interface TappedChat {
  /** The body of the request. */
  readonly prompt: string;
  /** The `content` of each chunk that the engine sent, in order. */
  readonly pieces: string[];
  /** Whether the engine's stream came to its end. */
  complete: boolean;
}

/** A proxy between a sidecar and its engine that changes nothing and keeps what passed. */
export interface RecordingTap {
  readonly url: string;
  /** Streamed chats of more than one token, in order: warm-ups are left out. */
  readonly chats: readonly TappedChat[];
  /** Called in the turn in which a chat's first chunk passes. */
  onFirstChunk: (chat: TappedChat) => void;
  close(): Promise<void>;
}

export async function startRecordingTap(engineUrl: string): Promise<RecordingTap> {
  const chats: TappedChat[] = [];
  const server = createServer((incoming, outgoing) => {
    const body: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => body.push(chunk));
    incoming.on("end", () => {
      const text = Buffer.concat(body).toString();
      const chat = isLine(incoming.url, text) ? newChat(text) : undefined;
      if (chat) chats.push(chat);
      pass(engineUrl, incoming, text, outgoing, (chunk) => note(chat, chunk));
    });
  });
  const note = (chat: TappedChat | undefined, chunk: Buffer): void => {
    if (!chat) return;
    const isFirst = chat.pieces.length === 0;
    for (const line of chunk.toString().split("\n").filter(Boolean)) {
      const said = JSON.parse(line) as { message: { content: string }; done: boolean };
      chat.pieces.push(said.message.content);
      chat.complete ||= said.done;
    }
    if (isFirst) tap.onFirstChunk(chat);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const tap: RecordingTap = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    chats,
    onFirstChunk: () => {},
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return tap;
}

function isLine(path: string | undefined, body: string): boolean {
  if (path !== "/api/chat") return false;
  const { options } = JSON.parse(body) as { options: { num_predict: number } };
  return options.num_predict > 1;
}

function newChat(prompt: string): TappedChat {
  return { prompt, pieces: [], complete: false };
}

function pass(
  engineUrl: string,
  incoming: IncomingMessage,
  body: string,
  outgoing: ServerResponse,
  onChunk: (chunk: Buffer) => void,
): void {
  const { method = "GET", url = "/" } = incoming;
  const upstream = request(
    `${engineUrl}${url}`,
    { method, headers: { "content-type": "application/json" } },
    (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.on("data", (chunk: Buffer) => {
        onChunk(chunk);
        outgoing.write(chunk);
      });
      response.on("end", () => outgoing.end());
      response.on("error", () => outgoing.destroy());
    },
  );
  // An engine that is gone is a connection that breaks, as it would without the tap.
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => upstream.destroy());
  upstream.end(body);
}
