import type { ServerResponse } from "node:http";

/** One answer on its way to a client, over whatever the client came by. */
export interface Answer {
  /** Aborted when the client goes away before the answer is complete. */
  readonly gone: AbortSignal;
  /** Leaves with the first bytes, or with the end. */
  head(status: number, contentType: string): void;
  /** Resolves when the next write is a piece of its own on the wire. */
  write(bytes: Buffer): Promise<void>;
  end(): void;
  /** Tears the connection down. */
  destroy(): void;
}

export function sendJson(answer: Answer, value: object, status = 200): void {
  answer.head(status, "application/json");
  void answer.write(Buffer.from(JSON.stringify(value)));
  answer.end();
}

/** An answer over HTTP. */
export function httpAnswer(response: ServerResponse): Answer {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return {
    gone: gone.signal,
    head: (status, contentType) => response.writeHead(status, { "content-type": contentType }),
    write: (bytes) =>
      new Promise((resolve) => {
        response.write(bytes, () => setImmediate(resolve));
      }),
    end: () => response.end(),
    destroy: () => response.socket?.destroy(),
  };
}
