import type { Line } from "../client/line.ts";
import type { Down } from "../down.ts";
import type { LineEnd } from "../messages/line-end.ts";

/** What a sidecar says of a line of the client's first room. */
export function begin({ id }: Line, character = "mira"): Down {
  return { kind: "lineBegin", line: id, room: 1, character, source: "model", scene: null };
}

export function text({ id }: Line, offset: number, words: string): Down {
  return { kind: "delta", parts: [[id, offset, words]] };
}

export function end({ id }: Line, length: number): LineEnd {
  const spansUs: LineEnd["spansUs"] = [0, 0, 0, 0, 0, 0, 0];
  const rest = { source: "model", reason: "complete", displayMs: 1_500, spansUs } as const;
  return { kind: "lineEnd", line: id, length, ...rest };
}
