import { Packr } from "msgpackr";
import type { Code } from "../codes.ts";
import { encode } from "../codec.ts";
import { LIMITS } from "../limits.ts";
import type { Up } from "../up.ts";
import { DOWN_SAMPLES, UP_SAMPLES } from "./samples.ts";

/** A frame that a peer must refuse, and the code to answer. */
export interface BadFrame {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly error: Code;
}

const packr = new Packr({ useRecords: false });

function frame(...parts: (number | string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === "number" ? Buffer.of(part) : Buffer.from(part))),
  );
}

function filled(count: number, byte: number): Uint8Array {
  return new Uint8Array(count).fill(byte);
}

/** Frames that no peer admits, whatever the direction. */
export const BAD_GRAMMAR: readonly BadFrame[] = [
  { name: "nothing", bytes: frame(), error: "malformed" },
  { name: "no array", bytes: frame(0xc0), error: "malformed" },
  { name: "a map in place of the array", bytes: frame(0x80), error: "malformed" },
  { name: "an array without a type", bytes: frame(0x90), error: "malformed" },
  { name: "a type that is text", bytes: frame(0x91, 0xa1, "a"), error: "malformed" },
  { name: "a type below zero", bytes: frame(0x91, 0xff), error: "malformed" },
  { name: "a frame that ends in an integer", bytes: frame(0x91, 0xcd, 1), error: "malformed" },
  { name: "a frame that ends in a string", bytes: frame(0x91, 0xa4, "abc"), error: "malformed" },
  { name: "a string longer than can be", bytes: frame(0xdb, filled(4, 255)), error: "malformed" },
  { name: "a byte after the message", bytes: frame(0x92, 8, 1, 0), error: "malformed" },
  { name: "the byte that is never used", bytes: frame(0x92, 8, 0xc1), error: "forbidden_type" },
  { name: "fixext 1", bytes: frame(0x92, 8, 0xd4, 0, 0), error: "forbidden_type" },
  { name: "a timestamp", bytes: frame(0x92, 8, 0xd6, 0xff, 0, 0, 0, 0), error: "forbidden_type" },
  { name: "ext 8", bytes: frame(0x92, 8, 0xc7, 1, 1, 0), error: "forbidden_type" },
  {
    name: "a record definition",
    bytes: frame(0x92, 8, 0xd4, 0x72, 0x40, 0x91, 0xa1, "a", 1),
    error: "forbidden_type",
  },
  { name: "nine levels", bytes: frame(filled(9, 0x91), 0xc0), error: "too_deep" },
  { name: "five thousand levels", bytes: frame(filled(5_000, 0x91), 0xc0), error: "too_deep" },
  {
    name: "a frame full of empty arrays",
    bytes: frame(0xdc, 0x10, 0, filled(0x1000, 0x90)),
    error: "too_many_elements",
  },
  { name: "a string that is not UTF-8", bytes: frame(0x92, 8, 0xa1, 0xff), error: "bad_utf8" },
  { name: "an overlong form", bytes: frame(0x92, 8, 0xa2, 0xc0, 0x80), error: "bad_utf8" },
  {
    name: "a surrogate in UTF-8",
    bytes: frame(0x92, 8, 0xa3, 0xed, 0xa0, 0x80),
    error: "bad_utf8",
  },
  { name: "a cut code point", bytes: frame(0x92, 8, 0xa2, 0xe2, 0x82), error: "bad_utf8" },
  {
    name: "a key that comes twice",
    bytes: frame(0x92, 8, 0x82, 0xa1, "a", 1, 0xa1, "a", 2),
    error: "bad_map",
  },
  { name: "a key that is no string", bytes: frame(0x92, 8, 0x81, 1, 1), error: "bad_map" },
  {
    name: "the key __proto__",
    bytes: frame(0x92, 8, 0x81, 0xa9, "__proto__", 0x80),
    error: "bad_map",
  },
  {
    name: "an integer of 2^53",
    bytes: frame(0x92, 8, 0xcf, 0, 0x20, filled(6, 0)),
    error: "integer_out_of_range",
  },
  {
    name: "an integer below -2^53",
    bytes: frame(0x92, 8, 0xd3, 0xff, 0xdf, filled(6, 255)),
    error: "integer_out_of_range",
  },
  {
    name: "one byte more than a frame may have",
    bytes: frame(0xc6, 0, 0, 0xff, 0xfc, filled(0xfffc, 0)),
    error: "frame_too_large",
  },
];

function sample<K extends Up["kind"]>(kind: K): Extract<Up, { kind: K }> {
  const found = UP_SAMPLES.find(({ value }) => value.kind === kind)?.value;
  if (found?.kind !== kind) throw new Error(`no sample of ${kind}`);
  return found as Extract<Up, { kind: K }>;
}

function bad(name: string, message: Up, error: Code = "bad_field"): BadFrame {
  return { name, bytes: encode(message), error };
}

const cue = sample("cue");
const mira = sample("characterRegister");
const scene = sample("sceneStart");
const { MAX_ID_BYTES, MAX_EVENT_BYTES } = LIMITS;
const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

/** Sound in grammar, but not what a sidecar takes. */
export const BAD_UP: readonly BadFrame[] = [
  { name: "a type of the future", bytes: frame(0x92, 99, 1), error: "unknown_type" },
  { name: "a type of the other direction", bytes: frame(0x91, 64), error: "unknown_type" },
  { name: "a missing field", bytes: frame(0x91, 8), error: "bad_field" },
  { name: "a field of another type", bytes: frame(0x92, 8, 0xa1, "1"), error: "bad_field" },
  { name: "a map where none is", bytes: frame(0x92, 8, 0x80), error: "bad_field" },
  { name: "a fraction", bytes: packr.pack([8, 1.5]), error: "bad_field" },
  { name: "an integer beyond its field", bytes: packr.pack([8, 2 ** 32]), error: "bad_field" },
  bad("line 0", { kind: "cancel", line: 0 }),
  bad("a cue with an even line", { ...cue, line: 2 }),
  bad("a cue for nobody", { ...cue, candidates: [] }),
  bad("a cue with 17 candidates", { ...cue, candidates: times(17, ["a", 0, 0]) }),
  bad("an attention of 256", { ...cue, candidates: [["a", 0, 256]] }),
  bad("a budget of more than a minute", { ...cue, remainingMs: LIMITS.MAX_BUDGET_MS + 1 }),
  bad("too many facts", { ...cue, context: times(LIMITS.MAX_CONTEXT_FACTS + 1, "a") }),
  bad("an empty text", { ...cue, said: "" }),
  bad(
    "said too long",
    { ...cue, said: "ü".repeat(LIMITS.MAX_SAID_BYTES / 2 + 1) },
    "text_too_long",
  ),
  bad("event too long", { ...cue, event: "x".repeat(MAX_EVENT_BYTES + 1) }, "text_too_long"),
  bad("a fact too long", { ...cue, context: ["x".repeat(MAX_EVENT_BYTES + 1)] }, "text_too_long"),
  bad(
    "an id too long",
    { kind: "roomOpen", room: 1, worldKey: "x".repeat(MAX_ID_BYTES + 1) },
    "text_too_long",
  ),
  bad("no fallback", { ...mira, fallbacks: [] }),
  bad("too many fallbacks", { ...mira, fallbacks: times(LIMITS.MAX_AUTHORED_LINES + 1, "a") }),
  bad("too many closers", { ...mira, closers: times(LIMITS.MAX_AUTHORED_LINES + 1, "a") }),
  bad(
    "a fallback too long",
    { ...mira, fallbacks: ["x".repeat(LIMITS.MAX_AUTHORED_LINE_BYTES + 1)] },
    "text_too_long",
  ),
  bad(
    "a persona too long",
    { ...mira, persona: "x".repeat(LIMITS.MAX_PERSONA_BYTES + 1) },
    "text_too_long",
  ),
  bad("too many capabilities", {
    ...sample("hello"),
    capabilities: times(LIMITS.MAX_CAPABILITIES + 1, "a"),
  }),
  bad("a session of 15 bytes", { ...sample("hello"), session: Buffer.alloc(15) }),
  bad("a scene of one", { ...scene, characters: ["mira"] }),
  bad("a scene without end", { ...scene, maxLines: LIMITS.MAX_SCENE_LINES + 1 }),
  bad("too many lines in a resume", {
    kind: "resume",
    lines: times(LIMITS.MAX_LINES_PER_RESUME + 1, [1, 0]),
    more: false,
  }),
  bad(
    "an error's words too long",
    { ...sample("error"), message: "x".repeat(LIMITS.MAX_ERROR_MESSAGE_BYTES + 1) },
    "text_too_long",
  ),
];

function downSample(kind: string): Record<string, unknown> {
  const found = DOWN_SAMPLES.find(({ value }) => value.kind === kind)?.value;
  if (!found) throw new Error(`no sample of ${kind}`);
  return { ...found };
}

function badDown(name: string, message: Record<string, unknown>, error: Code): BadFrame {
  return { name, bytes: encode(message as Parameters<typeof encode>[0]), error };
}

const action = downSample("action");

/** Sound in grammar, but not what a client takes. */
export const BAD_DOWN: readonly BadFrame[] = [
  { name: "a type of the other direction", bytes: frame(0x92, 1, 0), error: "unknown_type" },
  badDown("a delta of nothing", { kind: "delta", parts: [] }, "bad_field"),
  badDown("a delta of empty text", { kind: "delta", parts: [[1, 0, ""]] }, "bad_field"),
  badDown("a delta of line 0", { kind: "delta", parts: [[0, 0, "a"]] }, "bad_field"),
  badDown(
    "too many parts",
    { kind: "delta", parts: times(LIMITS.MAX_DELTAS_PER_FRAME + 1, [1, 0, "a"]) },
    "bad_field",
  ),
  badDown(
    "a part too long",
    { kind: "delta", parts: [[1, 0, "x".repeat(LIMITS.MAX_DELTA_BYTES + 1)]] },
    "text_too_long",
  ),
  badDown("an unknown source", { ...downSample("lineBegin"), source: "oracle" }, "bad_field"),
  badDown("an unknown reason", { ...downSample("lineEnd"), reason: "boredom" }, "bad_field"),
  badDown("six spans", { ...downSample("lineEnd"), spansUs: [0, 0, 0, 0, 0, 0] }, "bad_field"),
  badDown(
    "too many arguments",
    {
      ...action,
      arguments: Object.fromEntries(
        times(LIMITS.MAX_ACTION_ARGUMENTS + 1, 0).map((zero, index) => [`a${index}`, zero]),
      ),
    },
    "bad_field",
  ),
  badDown("an argument that is an array", { ...action, arguments: { a: [] } }, "bad_field"),
  badDown(
    "an argument too long",
    { ...action, arguments: { a: "x".repeat(LIMITS.MAX_ACTION_ARGUMENT_BYTES + 1) } },
    "text_too_long",
  ),
];
