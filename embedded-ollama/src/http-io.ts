import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { RequestError } from "./requests.ts";

export const MAX_BODY_BYTES = 2 ** 20;

/** Rejects with `RequestError`: 400 for no body or no JSON, 413 beyond `MAX_BODY_BYTES`. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request);
  if (body.length === 0) throw new RequestError(400, "missing request body");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new RequestError(400, "the request body is not valid JSON");
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new RequestError(413, `the request body exceeds ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": bytes.length,
  });
  response.end(bytes);
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** The first line carries the headers along, so that the first token is one write. */
export function sendLine(response: ServerResponse, body: object): void {
  if (response.destroyed) return;
  if (!response.headersSent) response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.write(`${JSON.stringify(body)}\n`);
}

/**
 * On a loopback address only names of this machine are answered, so that a web page cannot reach the server by a
 * domain name that resolves to 127.0.0.1.
 */
export function isLocalHostHeader(header: string | undefined): boolean {
  if (header === undefined) return true;
  const name = header
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "")
    .toLowerCase();
  return isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost");
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
