import { type Code, CODES, codeEntry } from "../codes.ts";
import { encode } from "../codec.ts";
import type { Down } from "../down.ts";
import type { Up } from "../up.ts";
import { SUBPROTOCOL } from "../version.ts";
import { DOWN_SAMPLES, UP_SAMPLES } from "./samples.ts";
import { wireVector } from "./vectors.ts";

/** One thing that happens in a conversation, in order. */
export type Step =
  | {
      readonly from: "client" | "sidecar";
      readonly name: string;
      readonly hex: string;
      readonly value: unknown;
    }
  /** A WebSocket message of text, which is refused. */
  | { readonly from: "client"; readonly text: string }
  /** The start of a message that is never finished, as one fragment. */
  | { readonly from: "client"; readonly fragment: string }
  | { readonly upgrade: Readonly<Record<string, string>>; readonly status: number }
  | { readonly waitMs: number }
  /** The client's process stops reading, or says nothing. */
  | { readonly client: "stops reading" | "falls silent" | "connects anew" }
  | { readonly close: number; readonly by: "client" | "sidecar" };

/** A whole conversation on one connection. */
export interface Trace {
  readonly name: string;
  /** The limits of welcome that it needs, beside the usual ones. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly steps: readonly Step[];
}

export function up(value: Up): Step {
  return { from: "client", ...wireVector(value.kind, encode(value)) };
}

export function down(value: Down): Step {
  return { from: "sidecar", ...wireVector(value.kind, encode(value)) };
}

export function close(code: number, by: "client" | "sidecar" = "sidecar"): Step {
  return { close: code, by };
}

export type Subject = { readonly room?: number; readonly line?: number; readonly scene?: number };

/** The sidecar's refusal, with the close that its code brings. */
export function refusal(
  code: Code,
  about: Subject = {},
  message = CODES[code].cause,
): readonly Step[] {
  const { room = null, line = null, scene = null } = about;
  const { closeCode } = codeEntry(code);
  const error = down({ kind: "error", code, message, room, line, scene });
  return closeCode === undefined ? [error] : [error, close(closeCode)];
}

function ofKind<T extends Up | Down, K extends T["kind"]>(
  samples: readonly { readonly value: T }[],
  kind: K,
): Extract<T, { kind: K }> {
  const found = samples.find(({ value }) => value.kind === kind)?.value;
  if (found?.kind !== kind) throw new Error(`no sample of ${kind}`);
  return found as Extract<T, { kind: K }>;
}

export const HELLO = ofKind(UP_SAMPLES, "hello");
export const WELCOME = ofKind(DOWN_SAMPLES, "welcome");
export const MIRA = ofKind(UP_SAMPLES, "characterRegister");
export const BRAM = { ...MIRA, character: "bram", name: "Bram" };
export const CUE = ofKind(UP_SAMPLES, "cue");
export const OUTCOME = ofKind(UP_SAMPLES, "outcome");
export const LINE_END = ofKind(DOWN_SAMPLES, "lineEnd");
export const SCENE = ofKind(UP_SAMPLES, "sceneStart");
export const UPGRADE = { "sec-websocket-protocol": SUBPROTOCOL, authorization: "Bearer secret" };

export const upgraded: Step = { upgrade: UPGRADE, status: 101 };
export const greeted = [upgraded, up(HELLO), down(WELCOME)];
export const opened = [...greeted, up({ kind: "roomOpen", room: 1, worldKey: "tavern" }), up(MIRA)];
export const bye = close(1000, "client");
