import { request } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";

/** For 127.0.0.1, signed by itself, good for nothing but tests. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUd+V+hCxWCVN/XEeukVyqhsoyP/IwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyMTA2MTMzMloYDzIxMjYxMDI4
MDYxMzMyWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATuU2odcjTbkLZ3T7sl+1isLfOKG7ypmEhMsjnvJTGVY+2MXgZOYCZs
tf9R8K1YPU/q9IibNQcuRZaM0qQ9b4uoo28wbTAdBgNVHQ4EFgQUZUv1F8ygDTPG
br5NbnH7aXzLcScwHwYDVR0jBBgwFoAUZUv1F8ygDTPGbr5NbnH7aXzLcScwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSQAwRgIhAO5ZGtiWFYc76A10gvodLqs0yUMN2EuCBruVmnkhDVikAiEA
oYh/PDPRIsHpHg1+W/Po0WUURscIcs0cXFdxMn4kjIY=
-----END CERTIFICATE-----`;
const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgF1l/gnaadlVaeceH
iT5mCZPvXl4t8xpTMrPpSfKn7VChRANCAATuU2odcjTbkLZ3T7sl+1isLfOKG7yp
mEhMsjnvJTGVY+2MXgZOYCZstf9R8K1YPU/q9IibNQcuRZaM0qQ9b4uo
-----END PRIVATE KEY-----`;

export interface TlsProxy {
  readonly origin: string;
  /** What requests had for an Authorization header. */
  readonly authorizations: ReadonlySet<string | undefined>;
  /** Whom they wanted to speak to: what TLS was told, and what HTTP was. */
  readonly names: ReadonlySet<string>;
  /** Lets those through too who have this header. */
  admit(authorization: string): void;
  close(): Promise<void>;
}

/** A proxy with TLS before an Ollama, which lets nobody through without the header. */
export async function startTlsProxy(upstream: string, authorization: string): Promise<TlsProxy> {
  const admitted = new Set<string | undefined>([authorization]);
  const authorizations = new Set<string | undefined>();
  const names = new Set<string>();
  const server = createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (from, to) => {
    authorizations.add(from.headers.authorization);
    const { servername } = from.socket as TLSSocket & { servername?: string | false };
    names.add(`${servername} ${from.headers.host}`);
    if (!admitted.has(from.headers.authorization)) {
      to.writeHead(401, { "content-type": "application/json" });
      return to.end(JSON.stringify({ error: "who are you?" }));
    }
    const { method, headers } = from;
    const onward = request(`${upstream}${from.url}`, { method: method ?? "GET", headers });
    onward.on("error", () => to.destroy());
    onward.on("response", (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", () => to.destroy());
      answer.pipe(to);
    });
    from.on("error", () => onward.destroy());
    to.on("close", () => onward.destroy());
    return from.pipe(onward);
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `https://127.0.0.1:${port}`;
  const admit = (another: string): void => void admitted.add(another);
  return { origin, authorizations, names, admit, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
