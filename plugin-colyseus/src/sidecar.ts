import { type Client, createClient } from "@banterwire/protocol/client";

export interface SidecarOptions {
  /** Where the sidecar listens; else `BANTERWIRE_URL`, else `ws://127.0.0.1:7433`. */
  readonly url?: string;
  /** The game's token; else `BANTERWIRE_TOKEN`, else none. */
  readonly token?: string;
  /** Told about what went wrong and was dealt with; the first caller's serves all of a URL. */
  readonly onTrouble?: (why: string) => void;
}

const DEFAULT_URL = "ws://127.0.0.1:7433";

/** Outlives the modules: a hot reload loads this file anew, and must not connect anew. */
const CLIENTS = Symbol.for("@banterwire/colyseus.clients");
type Clients = Map<string, Client>;

/**
 * The process's one client of a sidecar. All rooms share its connection; asking again for the same
 * URL and token gives the same client, until it is closed.
 *
 * @throws TypeError if the URL is none of a WebSocket.
 */
export function connectSidecar(options: SidecarOptions = {}): Client {
  const url = options.url ?? process.env["BANTERWIRE_URL"] ?? DEFAULT_URL;
  const token = options.token ?? process.env["BANTERWIRE_TOKEN"];
  if (!/^wss?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new TypeError(
      `the sidecar's URL must be ws:// or wss://, such as ${DEFAULT_URL}: ${url}`,
    );
  }
  const clients = ((globalThis as { [CLIENTS]?: Clients })[CLIENTS] ??= new Map());
  const key = JSON.stringify([url, token]);
  const known = clients.get(key);
  if (known && known.state.name !== "closed") return known;
  const client = createClient({
    url,
    clientName: "@banterwire/colyseus",
    ...(token !== undefined && { token }),
    ...(options.onTrouble && { onTrouble: options.onTrouble }),
  });
  clients.set(key, client);
  return client;
}
