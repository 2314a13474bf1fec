import { createHash } from "node:crypto";
import { type Code, CODES, codeEntry } from "../codes.ts";
import { CAPABILITIES } from "../capabilities.ts";
import { DOWN } from "../down.ts";
import { LIMITS } from "../limits.ts";
import type { Message } from "../messages/message.ts";
import { UP } from "../up.ts";
import { SUBPROTOCOL } from "../version.ts";
import { wireType } from "./wire-type.ts";

/** A fingerprint of all that a peer can see: messages, limits, codes. Words for people are not. */
export function wireHash(): string {
  const codes = Object.keys(CODES) as Code[];
  const wire = {
    subprotocol: SUBPROTOCOL,
    capabilities: CAPABILITIES,
    up: UP.map(shapeOf),
    down: DOWN.map(shapeOf),
    limits: LIMITS,
    codes: codes.map((code) => {
      const { retry, closeCode = null } = codeEntry(code);
      return { code, retry, closeCode };
    }),
  };
  return createHash("sha256").update(JSON.stringify(wire)).digest("hex").slice(0, 16);
}

function shapeOf({ type, kind, fields }: Message): unknown {
  const types = Object.entries(fields).map(([name, schema]) => [name, wireType(schema)]);
  return { type, kind, fields: types };
}
