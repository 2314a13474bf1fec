import type { Reason, Source } from "./fields.ts";
import { LIMITS } from "./limits.ts";

/**
 * The life of a line, the same at both ends: the sidecar asks it before it sends, the client when
 * it receives.
 */
export type LineState =
  | { readonly name: "waiting" }
  | { readonly name: "speaking"; readonly source: Source; readonly length: number }
  | {
      readonly name: "ended";
      readonly source: Source;
      readonly reason: Reason;
      readonly length: number;
    };

export type LineEvent =
  | { readonly name: "begin"; readonly source: Source }
  | { readonly name: "delta"; readonly offset: number; readonly codePoints: number }
  | { readonly name: "end"; readonly source: Source; readonly reason: Reason };

/** What an event led to: a new state, nothing (it came too late), or a breach of the protocol. */
export type LineStep =
  | { readonly step: "next"; readonly state: LineState }
  | { readonly step: "late" }
  | { readonly step: "breach"; readonly why: string };

export const WAITING: LineState = { name: "waiting" };

const LATE: LineStep = { step: "late" };

/** The one transition table of lines. Total: every event has an answer in every state. */
export function advanceLine(state: LineState, event: LineEvent): LineStep {
  if (state.name === "ended") return LATE;
  switch (event.name) {
    case "begin":
      // Until its first text a line is committed to no source.
      if (lengthOf(state) > 0) return breach("begin of a line that has text");
      if (event.source === "none") return breach("begin without a source");
      return next({ name: "speaking", source: event.source, length: 0 });
    case "delta":
      if (state.name === "waiting") return breach("text before begin");
      if (event.offset !== state.length) {
        return breach(`text at offset ${event.offset}, expected ${state.length}`);
      }
      if (state.length + event.codePoints > LIMITS.MAX_LINE_CODE_POINTS) {
        return breach(`more than ${LIMITS.MAX_LINE_CODE_POINTS} code points`);
      }
      return next({ ...state, length: state.length + event.codePoints });
    case "end":
      return endLine(state, event.source, event.reason);
  }
}

function endLine(
  state: Exclude<LineState, { name: "ended" }>,
  source: Source,
  reason: Reason,
): LineStep {
  const length = lengthOf(state);
  const spoken = state.name === "speaking" && length > 0 ? state.source : "none";
  if (source !== spoken) return breach(`end with source ${source} of a line from ${spoken}`);
  return next({ name: "ended", source, reason, length });
}

/** Code points of visible text. */
export function lengthOf(state: LineState): number {
  return state.name === "waiting" ? 0 : state.length;
}

function next(state: LineState): LineStep {
  return { step: "next", state };
}

function breach(why: string): LineStep {
  return { step: "breach", why };
}
