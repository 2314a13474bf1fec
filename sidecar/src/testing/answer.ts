import type { ServerResponse } from "node:http";

/** One answer on its way to a client, over whatever the client came by. */
export interface Answer {
  /** Aborted when the client goes away before the answer is complete. */
  readonly gone: AbortSignal;
  /** Leaves with the first bytes, or with the end. */
  head(status: number, contentType: string): void;
  /** Resolves when the next write is a piece of its own on the wire, or the client is gone. */
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
  const notice = (): void => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed) notice();
  else response.on("close", notice);
  return {
    gone: gone.signal,
    head: (status, contentType) => response.writeHead(status, { "content-type": contentType }),
    write: (bytes) => written(response, bytes, gone.signal),
    end: () => response.end(),
    destroy: () => response.socket?.destroy(),
  };
}

function written(response: ServerResponse, bytes: Buffer, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // Between a socket's end and its `close`, Node drops what is written and calls nobody back.
    const leave = (): void => resolve();
    gone.addEventListener("abort", leave, { once: true });
    response.write(bytes, () =>
      setImmediate(() => {
        gone.removeEventListener("abort", leave);
        resolve();
      }),
    );
  });
}
