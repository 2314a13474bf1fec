import { Packr, Unpackr } from "msgpackr";
import type { z } from "zod";
import { ProtocolError } from "./codes.ts";
import { DOWN, type Down } from "./down.ts";
import { TEXT_TOO_LONG } from "./fields.ts";
import { readDelta, writeDelta } from "./fast-delta.ts";
import { readUint, startReading } from "./frame-reader.ts";
import { assertClosedGrammar } from "./grammar.ts";
import type { Message } from "./messages/message.ts";
import { UP, type Up } from "./up.ts";

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });
const unpackr = new Unpackr({
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: "number",
  // What is kept of a message must not keep its whole frame.
  copyBuffers: true,
});

/** A frame with a type that this version does not know; never an error of the frame itself. */
export interface UnknownMessage {
  readonly kind: "unknown";
  readonly type: number;
}

type MessageTable = ReadonlyMap<number, Message>;

const upTable: MessageTable = new Map(UP.map((message) => [message.type, message]));
const downTable: MessageTable = new Map(DOWN.map((message) => [message.type, message]));
const messageByKind: ReadonlyMap<string, Message> = new Map(
  [...UP, ...DOWN].map((message) => [message.kind, message]),
);

/** Encodes a message into the bytes of one WebSocket message; its fields are not checked. */
export function encode(value: Up | Down): Buffer {
  const frame = value.kind === "delta" ? writeDelta(value) : messageOf(value).writePlain(value);
  return frame ?? encodeAny(value);
}

/** Encodes in the general way alone. */
export function encodeAny(value: Up | Down): Buffer {
  return packr.pack(toWire(messageOf(value), value));
}

/**
 * Encodes a message that is about to be sent.
 * @throws ProtocolError that names the field, if the other side would refuse it.
 */
export function encodeSendable(value: Up | Down): Buffer {
  const message = messageOf(value);
  const frame = message.writePlain(value);
  if (frame) return frame;
  parsed(message, toWire(message, value));
  return encodeAny(value);
}

/**
 * Checks a message that is about to be sent.
 * @throws ProtocolError that names the field, if the other side would refuse it.
 */
export function assertSendable(value: Up | Down): void {
  encodeSendable(value);
}

/**
 * Decodes what a game's client sent.
 * @throws ProtocolError with the code to answer.
 */
export function decodeUp(bytes: Uint8Array): Up | UnknownMessage {
  return (readPlain(bytes, upTable) ?? decode(bytes, upTable)) as Up | UnknownMessage;
}

/** Decodes what a game's client sent in the general way alone. */
export function decodeAnyUp(bytes: Uint8Array): Up | UnknownMessage {
  return decode(bytes, upTable) as Up | UnknownMessage;
}

/**
 * Decodes what the sidecar sent.
 * @throws ProtocolError with the code to answer.
 */
export function decodeDown(bytes: Uint8Array): Down | UnknownMessage {
  const plain = readDelta(bytes) ?? readPlain(bytes, downTable);
  return (plain ?? decode(bytes, downTable)) as Down | UnknownMessage;
}

/** Decodes what the sidecar sent in the general way alone. */
export function decodeAnyDown(bytes: Uint8Array): Down | UnknownMessage {
  return decode(bytes, downTable) as Down | UnknownMessage;
}

/** A message in its usual form, as nearly all are; undefined where the general way must look. */
function readPlain(bytes: Uint8Array, table: MessageTable): unknown {
  const count = startReading(bytes);
  return count > 0 ? table.get(readUint())?.readPlain(count) : undefined;
}

function messageOf(value: Up | Down): Message {
  const message = messageByKind.get(value.kind);
  if (!message) throw new TypeError(`no message of the kind ${value.kind}`);
  return message;
}

function toWire(message: Message, value: Up | Down): unknown[] {
  const fields: Readonly<Record<string, unknown>> = value;
  const wire: unknown[] = [message.type];
  for (const name of message.names) wire.push(wellFormed(fields[name]));
  return wire;
}

/**
 * Puts U+FFFD for each unpaired surrogate: UTF-8 has no bytes for one, and the packer would write
 * some all the same, at which the peer would close the connection.
 */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map((entry) => entry.map(wellFormed)));
}

function decode(bytes: Uint8Array, table: MessageTable): unknown {
  assertClosedGrammar(bytes);
  const wire: unknown = unpackr.unpack(bytes);
  const type: unknown = Array.isArray(wire) ? wire[0] : undefined;
  if (!Array.isArray(wire) || !isMessageType(type)) {
    throw new ProtocolError("malformed", "a frame is one array that starts with a message type");
  }
  const message = table.get(type);
  if (!message) return { kind: "unknown", type } satisfies UnknownMessage;
  const value: Record<string, unknown> = { kind: message.kind };
  const fields = parsed(message, wire);
  let index = 1;
  for (const name of message.names) value[name] = fields[index++];
  return value;
}

/** The array as the message's schema takes it. */
function parsed(message: Message, wire: readonly unknown[]): readonly unknown[] {
  const result = message.wire.safeParse(wire);
  if (!result.success) throw fieldError(message, result.error);
  return result.data;
}

function isMessageType(type: unknown): type is number {
  return Number.isInteger(type) && Number(type) >>> 0 === type;
}

function fieldError(message: Message, error: z.ZodError): ProtocolError {
  const issue = error.issues[0];
  const [index, ...rest] = issue?.path ?? [];
  const name = typeof index === "number" ? Object.keys(message.fields)[index - 1] : undefined;
  const where = [message.kind, name, ...rest].filter((part) => part !== undefined).join(".");
  const what = issue?.message ?? "does not fit";
  const code = what.startsWith(TEXT_TOO_LONG) ? "text_too_long" : "bad_field";
  return new ProtocolError(code, `${where}: ${what}`);
}
