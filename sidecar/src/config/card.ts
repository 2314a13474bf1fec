import { LIMITS } from "@banterwire/protocol";
import { z } from "zod";
import { modelOptions, type Options } from "./model-options.ts";

/** A persona as its author wrote it: takes the place of what rooms register under its id. */
export interface Card {
  readonly id: string;
  /** For those who read the folder; players see the name that the room gave. */
  readonly name: string;
  readonly persona: string;
  readonly fallbacks: readonly string[];
  /** The room's own if absent. */
  readonly closers: readonly string[] | undefined;
  /** Ollama's model options for this character's lines; see `model-options.ts`. */
  readonly options?: Options | undefined;
}

/** By character id. */
export type Cards = ReadonlyMap<string, Card>;

export const NO_CARDS: Cards = new Map();

export const MAX_CARDS = 1_024;
export const MAX_CARD_FILE_BYTES = 65_536;

const authoredLines = z
  .array(filledText(LIMITS.MAX_AUTHORED_LINE_BYTES))
  .max(LIMITS.MAX_AUTHORED_LINES);

const card = z.strictObject({
  id: filledText(LIMITS.MAX_ID_BYTES),
  name: filledText(LIMITS.MAX_ID_BYTES),
  persona: filledText(LIMITS.MAX_PERSONA_BYTES),
  fallbacks: authoredLines.min(1),
  closers: authoredLines.optional(),
  options: modelOptions.optional(),
});

/** Reads one card from JSON; or says for each field what is wrong with it. */
export function parseCard(json: string): { readonly card: Card } | { readonly wrong: string[] } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { wrong: [`no JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const parsed = card.safeParse(value);
  if (parsed.success) return { card: { closers: undefined, ...parsed.data } };
  return {
    wrong: parsed.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join(".")}: ${message}`,
    ),
  };
}

/** As the protocol bounds what rooms register. */
function filledText(maxBytes: number): z.ZodString {
  return z
    .string()
    .min(1)
    .refine((text) => text.isWellFormed() && Buffer.byteLength(text) <= maxBytes, {
      error: `at most ${maxBytes} bytes of UTF-8 are due`,
    });
}
