const DEFAULT_PORT = "11434";

/**
 * Reads an Ollama address as Ollama's own tools read `OLLAMA_HOST`: the scheme may be missing
 * (http), the port too (11434; 80 or 443 where a scheme is given), and the any-address means this
 * machine. `localhost` becomes 127.0.0.1, because trying `::1` first costs up to 300 ms.
 *
 * @returns the origin, or undefined if the text is no address
 */
export function parseOllamaHost(text: string): string | undefined {
  const trimmed = text.trim().replace(/^["']|["']$/gu, "");
  if (trimmed === "") return `http://127.0.0.1:${DEFAULT_PORT}`;
  const scheme = /^https?:\/\//u.exec(trimmed)?.[0];
  const place = bracketed(trimmed.slice(scheme?.length ?? 0));
  const url = URL.parse(`${scheme ?? "http://"}${place}`);
  if (!url || url.hostname === "") return undefined;
  // URL hides a port that is its scheme's own, which is not Ollama's.
  const named = /:(\d+)(?:\/|$)/u.exec(place.replace(/\[.*\]/u, ""))?.[1];
  return `${url.protocol}//${hostOf(url.hostname)}:${named ?? defaultPort(scheme)}`;
}

function defaultPort(scheme: string | undefined): string {
  if (scheme === undefined) return DEFAULT_PORT;
  return scheme === "https://" ? "443" : "80";
}

/** A port alone is this machine's; a bare IPv6 address needs its brackets. */
function bracketed(place: string): string {
  if (/^:\d/u.test(place) && !place.startsWith("::")) return `127.0.0.1${place}`;
  const isBareIpv6 = place.split(":").length > 2 && !place.startsWith("[");
  return isBareIpv6 ? `[${place}]` : place;
}

function hostOf(hostname: string): string {
  if (hostname === "0.0.0.0" || hostname === "localhost") return "127.0.0.1";
  return hostname === "[::]" ? "[::1]" : hostname;
}
