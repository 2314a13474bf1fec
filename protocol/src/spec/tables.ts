import { type Code, CODES, codeEntry } from "../codes.ts";
import { encode } from "../codec.ts";
import { DOWN } from "../down.ts";
import { LIMITS } from "../limits.ts";
import type { Message } from "../messages/message.ts";
import { UP } from "../up.ts";
import { HISTORY } from "../version.ts";
import { limitComments, messageComments } from "./source-comments.ts";
import { DOWN_SAMPLES, UP_SAMPLES } from "./samples.ts";
import { wireType } from "./wire-type.ts";

/** What fields mean that every message uses alike. */
const COMMON_FIELDS: Readonly<Record<string, string>> = {
  room: "Which room.",
  line: "Which line.",
  scene: "Which scene.",
  character: "Which character, by its id.",
  priority: "How urgent it is.",
  source: "Where the text comes from.",
  reason: "Why it ended.",
  offset: "Where, in code points of the line's visible text.",
  nonce: "Any number; the pong repeats it.",
  slow: "Whether the client is behind.",
};

/** By which code a peer is told that it went beyond a limit. */
const LIMIT_CODES: Readonly<Record<keyof typeof LIMITS, Code | "breach">> = {
  MAX_FRAME_BYTES: "frame_too_large",
  MAX_DEPTH: "too_deep",
  MAX_ELEMENTS: "too_many_elements",
  MAX_ID_BYTES: "text_too_long",
  MAX_PERSONA_BYTES: "text_too_long",
  MAX_AUTHORED_LINE_BYTES: "text_too_long",
  MAX_AUTHORED_LINES: "bad_field",
  MAX_SAID_BYTES: "text_too_long",
  MAX_EVENT_BYTES: "text_too_long",
  MAX_CONTEXT_FACTS: "bad_field",
  MAX_CANDIDATES: "bad_field",
  MAX_DELTA_BYTES: "text_too_long",
  MAX_DELTAS_PER_FRAME: "bad_field",
  MAX_LINE_CODE_POINTS: "breach",
  MAX_BUDGET_MS: "bad_field",
  MAX_SCENE_LINES: "bad_field",
  MAX_SCENES_PER_ROOM: "too_many_scenes",
  MAX_ACTION_ARGUMENTS: "bad_field",
  MAX_ACTION_ARGUMENT_BYTES: "text_too_long",
  MAX_LINES_PER_RESUME: "bad_field",
  SESSION_BYTES: "bad_field",
  MAX_ATTENTION: "bad_field",
  MAX_ERROR_MESSAGE_BYTES: "text_too_long",
  MAX_CAPABILITIES: "bad_field",
};

/** The regions of SPEC.md that are made from the code, by name. */
export function generatedRegions(): Readonly<Record<string, string>> {
  return {
    types: typesTable(),
    "messages up": UP.map((message) => messageSection(message)).join("\n\n"),
    "messages down": DOWN.filter((message) => !isBoth(message))
      .map((message) => messageSection(message))
      .join("\n\n"),
    codes: codesTable(),
    limits: limitsTable(),
    history: historyTable(),
    examples: examples(),
  };
}

function isBoth(message: Message): boolean {
  return UP.some((other) => other.type === message.type);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n");
}

function cell(words: string): string {
  return words.replaceAll("|", "\\|");
}

function typesTable(): string {
  const rows = [...UP, ...DOWN.filter((message) => !isBoth(message))]
    .toSorted((one, other) => one.type - other.type)
    .map((message) => [String(message.type), `\`${message.kind}\``, senderOf(message)]);
  return table(["type", "message", "sent by"], rows);
}

function senderOf(message: Message): string {
  if (!UP.some((other) => other.type === message.type)) return "sidecar";
  return DOWN.some((other) => other.type === message.type) ? "either" : "client";
}

function messageSection(message: Message): string {
  const { about, fields } = messageComments(message.kind);
  const rows = Object.entries(message.fields).map(([name, schema], index) => [
    String(index + 1),
    `\`${name}\``,
    wireType(schema),
    meaning(message, name, fields.get(name) ?? COMMON_FIELDS[name]),
  ]);
  const head = `### ${message.type} \`${message.kind}\``;
  return [head, about, table(["", "field", "type", "meaning"], rows)].join("\n\n");
}

function meaning({ kind }: Message, field: string, words: string | undefined): string {
  if (words === undefined) throw new Error(`the source says nothing of ${kind}.${field}`);
  return words;
}

function codesTable(): string {
  const codes = Object.keys(CODES) as Code[];
  const rows = codes.map((code) => {
    const { cause, remedy, retry, closeCode } = codeEntry(code);
    const closes = closeCode === undefined ? "" : String(closeCode);
    return [`\`${code}\``, cause, retry ? "yes" : "no", remedy, closes];
  });
  return table(["code", "cause", "retry", "remedy", "close code"], rows);
}

function limitsTable(): string {
  const comments = limitComments();
  const names = Object.keys(LIMITS) as (keyof typeof LIMITS)[];
  const rows = names.map((name) => [
    `\`${name}\``,
    String(LIMITS[name]),
    comments.get(name) ?? "",
    LIMIT_CODES[name] === "breach" ? "a breach: see section 6" : `\`${LIMIT_CODES[name]}\``,
  ]);
  return table(["limit", "value", "what it bounds", "code"], rows);
}

function historyTable(): string {
  const rows = HISTORY.map(({ minor, adds, wireHash }) => [`1.${minor}`, adds, `\`${wireHash}\``]);
  return table(["version", "adds", "fingerprint of the wire"], rows);
}

const MAX_EXAMPLE_BYTES = 120;

function examples(): string {
  return [...UP_SAMPLES, ...DOWN_SAMPLES]
    .map(({ name, value }) => ({ name, bytes: encode(value) }))
    .filter(({ bytes }) => bytes.length <= MAX_EXAMPLE_BYTES)
    .map(({ name, bytes }) => `${name}\n${hexLines(bytes)}`)
    .join("\n\n");
}

function hexLines(bytes: Uint8Array): string {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  const lines: string[] = [];
  for (let at = 0; at < pairs.length; at += 24) lines.push(pairs.slice(at, at + 24).join(" "));
  return lines.map((line) => `    ${line}`).join("\n");
}
