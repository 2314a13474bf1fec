import type { Parsed } from "./kinds.ts";

const DEFAULT_PORT = "11434";
const DUE = "an address such as http://127.0.0.1:11434 is due";

/**
 * Reads an Ollama address as Ollama's own tools read `OLLAMA_HOST`: the scheme may be missing
 * (http), the port too (11434; 80 or 443 where a scheme is given), and the any-address means this
 * machine. `localhost` becomes 127.0.0.1, because trying `::1` first costs up to 300 ms.
 *
 * @returns the origin, or why the text is none; without the text, which may have a password in it
 */
export function parseOllamaHost(text: string): Parsed<string> {
  const trimmed = text.trim().replace(/^["']|["']$/gu, "");
  if (trimmed === "") return { value: `http://127.0.0.1:${DEFAULT_PORT}` };
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//iu.exec(trimmed)?.[0].toLowerCase();
  if (scheme !== undefined && !/^https?:/u.test(scheme)) {
    return { wrong: "an address that begins with http:// or https:// is due" };
  }
  const written = trimmed.slice(scheme?.length ?? 0);
  const wrong = whatIsTooMuch(written);
  if (wrong !== undefined) return { wrong };
  const place = bracketed(written);
  const url = /\s/u.test(place) ? null : URL.parse(`${scheme ?? "http://"}${place}`);
  if (!url || url.hostname === "") return { wrong: DUE };
  // URL hides a port that is its scheme's own, which is not Ollama's.
  const named = /:(\d+)(?:\/|$)/u.exec(place.replace(/\[.*\]/u, ""))?.[1];
  return { value: `${url.protocol}//${hostOf(url.hostname)}:${named ?? defaultPort(scheme)}` };
}

/** What would not be heeded. */
function whatIsTooMuch(place: string): string | undefined {
  if (place.includes("@")) {
    return (
      "a name and password in an address are not sent: put the whole header, such as " +
      "`Basic ...`, into a file, and name that with `authorizationFile` of `endpoints`"
    );
  }
  if (/[?#]/u.test(place)) return "a query or fragment in an address is not sent: leave it out";
  if (/^[^/]*\/?$/u.test(place)) return undefined;
  return (
    "a path in an address is not heeded, for Ollama is asked at `/` alone: leave it out, or have " +
    "the proxy give it a host or port of its own"
  );
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
