import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "../log.ts";
import type { Turns } from "./turns.ts";

/** What a GET is answered with. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface PagesParts {
  readonly log: Log;
  /** Answers a GET; undefined is a 404. */
  page(path: string): Promise<Page | undefined>;
}

/**
 * Answers requests for pages, one in a turn of the loop, and one at a time of each socket: they ask
 * for no token, and who reads them as fast as it can is not to keep lines waiting.
 */
export class Pages {
  readonly #parts: PagesParts;
  readonly #turns: Turns;
  readonly #answering = new WeakSet<Socket>();

  constructor(parts: PagesParts, turns: Turns) {
    this.#parts = parts;
    this.#turns = turns;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    // Whoever means well reads a page before it asks for the next.
    if (this.#answering.has(socket)) return void socket.destroy();
    this.#answering.add(socket);
    response.once("close", () => this.#answering.delete(socket));
    this.#turns.run(() => {
      if (socket.destroyed) return false;
      void this.#send(request, response);
      return true;
    });
  }

  async #send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, contentType, body } = await this.#find(request);
    response.writeHead(status, { "content-type": contentType });
    response.end(body);
  }

  async #find({ method, url }: IncomingMessage): Promise<Page> {
    const path = URL.parse(url ?? "/", "http://sidecar")?.pathname ?? "/";
    try {
      const found = method === "GET" ? await this.#parts.page(path) : undefined;
      return found ?? errorPage(404, `nothing at ${path}`);
    } catch (error) {
      this.#parts.log.error({ err: error, path }, "page");
      return errorPage(500, "a fault of the sidecar's own; see its log");
    }
  }
}

function errorPage(status: number, error: string): Page {
  return { status, contentType: "application/json", body: `${JSON.stringify({ error })}\n` };
}
