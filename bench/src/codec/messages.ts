import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { decodeDown, decodeUp, type Down, type Up } from "@banterwire/protocol";

/** One message as each codec has it. */
export interface Message {
  readonly name: string;
  readonly direction: "up" | "down";
  readonly value: Up | Down;
  /** The array that the general packers get. */
  readonly wire: unknown;
}

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly value?: unknown;
}

const require = createRequire(import.meta.url);
const VECTORS = join(dirname(require.resolve("@banterwire/protocol/package.json")), "vectors");

/** Text as a model's token is, and as several lines' tokens are when they leave together. */
const DELTA: Message = deltaOf("delta", [[1_201, 37, " barrel"]]);
export const COALESCED_DELTA: Message = deltaOf(
  "delta of 8 lines",
  Array.from({ length: 8 }, (_, line) => [1_201 + 2 * line, 37 + line, " barrel"]),
);

/** One message of every kind: what the protocol's own vectors show first. */
export function oneOfEach(): readonly Message[] {
  const all = [...messagesIn("up"), ...messagesIn("down"), COALESCED_DELTA];
  const first = new Map(all.toReversed().map((message) => [message.name, message]));
  first.set(DELTA.name, DELTA);
  return [...first.values()].toReversed();
}

function messagesIn(direction: "up" | "down"): Message[] {
  const vectors = JSON.parse(readFileSync(join(VECTORS, `${direction}.json`), "utf8")) as Vector[];
  return vectors.flatMap(({ hex, value: wire }) => {
    if (wire === undefined) return [];
    const bytes = Buffer.from(hex, "hex");
    const value = direction === "up" ? decodeUp(bytes) : decodeDown(bytes);
    if (value.kind === "unknown") return [];
    return [{ name: value.kind, direction, value, wire: withBytes(wire) }];
  });
}

/** `{"$bytes": hex}` stands for bytes in the vectors. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value === "object" && value !== null && "$bytes" in value) {
    return Buffer.from(String(value.$bytes), "hex");
  }
  return value;
}

function deltaOf(name: string, parts: [number, number, string][]): Message {
  return { name, direction: "down", value: { kind: "delta", parts }, wire: [66, parts] };
}
