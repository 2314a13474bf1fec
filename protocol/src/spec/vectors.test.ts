import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CODES, ProtocolError } from "../codes.ts";
import { decodeDown, decodeUp, encode, type UnknownMessage } from "../codec.ts";
import { DOWN, type Down } from "../down.ts";
import { countCodePoints } from "../code-points.ts";
import { advanceLine, type LineEvent, type LineState, WAITING } from "../line-state.ts";
import type { Message } from "../messages/message.ts";
import { UP, type Up } from "../up.ts";
import type { Step, Trace } from "./trace.ts";
import { toJson, type Vector } from "./vectors.ts";

type Decode = (bytes: Uint8Array) => Up | Down | UnknownMessage;

function read<T>(name: string): T[] {
  const url = new URL(`../../vectors/${name}`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as T[];
}

/** What a vector file says of a frame, as our decoder says it. */
function judge(decode: Decode, hex: string): unknown {
  try {
    const message = decode(Buffer.from(hex, "hex"));
    return message.kind === "unknown" ? { error: "unknown_type" } : { value: wireOf(message) };
  } catch (error) {
    if (error instanceof ProtocolError) return { error: error.code };
    throw error;
  }
}

function wireOf(message: Up | Down): unknown {
  const { type, fields } = [...UP, ...DOWN].find(({ kind }) => kind === message.kind) as Message;
  const values: Readonly<Record<string, unknown>> = { ...message };
  return [type, ...Object.keys(fields).map((name) => toJson(values[name]))];
}

/** The vector's own word, less fields of newer versions, which decoding leaves out. */
function expectedOf(vector: Vector): unknown {
  if ("error" in vector) return { error: vector.error };
  const wire = vector.value as readonly [number, ...unknown[]];
  const message = [...UP, ...DOWN].find(({ type }) => type === wire[0]) as Message;
  return { value: wire.slice(0, 1 + Object.keys(message.fields).length) };
}

const files: readonly [string, Decode][] = [
  ["up.json", decodeUp],
  ["down.json", decodeDown],
  ["grammar.json", decodeUp],
  ["grammar.json", decodeDown],
];
const vectors = files.flatMap(([file]) => read<Vector>(file));
const traces = [
  ...read<Trace>("traces/conversations.json"),
  ...read<Trace>("traces/refusals.json"),
];
const frames = traces.flatMap(({ steps }) => steps).filter((step) => "hex" in step);

describe("the vectors", () => {
  it.each(files)("in %s are what the decoder makes of them", (file, decode) => {
    for (const vector of read<Vector>(file)) {
      expect({ name: vector.name, ...(judge(decode, vector.hex) as object) }).toEqual({
        name: vector.name,
        ...(expectedOf(vector) as object),
      });
    }
  });

  it("show every message of either direction", () => {
    for (const [file, table] of [["up.json", UP] as const, ["down.json", DOWN] as const]) {
      const values = read<Vector>(file).flatMap((one) => ("value" in one ? [one.value] : []));
      const shown = new Set(values.map((value) => (value as [number])[0]));
      expect(shown).toEqual(new Set(table.map(({ type }) => type)));
    }
  });

  it("break every code, by bytes or in a conversation", () => {
    const broken = new Set([
      ...vectors.flatMap((vector) => ("error" in vector ? [vector.error] : [])),
      ...frames
        .map(({ value }) => value as [number, string])
        .map(([type, code]) => (type === 34 ? code : "")),
      ...read<Trace>("traces/refusals.json").map(({ name }) => name),
    ]);
    for (const code of Object.keys(CODES)) expect(broken).toContain(code);
  });

  it("have names of their own in each file", () => {
    for (const [file] of files) {
      const names = read<Vector>(file).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

/** What a step does to a line, if it does. */
function lineEvents(step: Step): [number, LineEvent][] {
  if (!("hex" in step) || step.from !== "sidecar") return [];
  const message = decodeDown(Buffer.from(step.hex, "hex"));
  switch (message.kind) {
    case "lineBegin":
      return [[message.line, { name: "begin", source: message.source }]];
    case "delta":
      return message.parts.map(([line, offset, text]) => [
        line,
        { name: "delta", offset, codePoints: countCodePoints(text) },
      ]);
    case "lineEnd":
      return [[message.line, { name: "end", source: message.source, reason: message.reason }]];
    default:
      return [];
  }
}

describe("the traces", () => {
  it.each(traces)("hold frames that are sound for who sends them: $name", ({ steps }) => {
    for (const step of steps) {
      if (!("hex" in step)) continue;
      const decode: Decode = step.from === "client" ? decodeUp : decodeDown;
      const judged = judge(decode, step.hex);
      const expected = step.name === "of the future" ? { error: "unknown_type" } : step.value;
      expect(judged).toEqual(step.name === "of the future" ? expected : { value: expected });
    }
  });

  it.each(traces)("keep the rules of lines: $name", ({ name, steps }) => {
    const states = new Map<number, LineState>();
    if (name === "a lost connection is resumed") {
      states.set(1, { name: "speaking", source: "model", length: 4 });
    }
    for (const [line, event] of steps.flatMap(lineEvents)) {
      const step = advanceLine(states.get(line) ?? WAITING, event);
      expect(step.step).toBe("next");
      if (step.step === "next") states.set(line, step.state);
    }
    expect(steps.length).toBeGreaterThan(0);
  });

  it("are encoded as our encoder does", () => {
    for (const step of traces.flatMap(({ steps }) => steps)) {
      if (!("hex" in step) || step.name === "of the future") continue;
      const bytes = Buffer.from(step.hex, "hex");
      const message = step.from === "client" ? decodeUp(bytes) : decodeDown(bytes);
      if (message.kind === "unknown") throw new Error(step.name);
      expect(encode(message).toString("hex")).toBe(step.hex);
    }
  });
});
