import type { Priority } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import type { Cue as CueMessage } from "../messages/cue.ts";
import type { Candidate, Cue } from "./room.ts";

const UINT32_MAX = 0xffff_ffff;

export function priorityOf(cue: Cue): Priority {
  return cue.priority ?? (cue.said === undefined ? "nearby" : "reply");
}

/** Who may speak, the nearest first, and no more of them than one cue may name. */
export function candidatesOf(character: string | readonly Candidate[]): readonly Candidate[] {
  if (typeof character === "string") return [{ character, distanceCm: 0 }];
  return character
    .toSorted((one, other) => one.distanceCm - other.distanceCm)
    .slice(0, LIMITS.MAX_CANDIDATES);
}

/** The message that asks for a line with `remainingMs` left for the sidecar to answer. */
export function cueMessage(
  cue: Cue,
  to: {
    readonly room: number;
    readonly line: number;
    readonly candidates: readonly Candidate[];
    readonly remainingMs: number;
    readonly supersedes: number | null;
  },
): CueMessage {
  return {
    kind: "cue",
    room: to.room,
    line: to.line,
    candidates: to.candidates.map(({ character, distanceCm, attention }) => [
      character,
      Math.min(UINT32_MAX, Math.round(distanceCm)),
      attention ?? LIMITS.MAX_ATTENTION,
    ]),
    remainingMs: Math.max(0, Math.floor(to.remainingMs)),
    priority: priorityOf(cue),
    player: cue.player ? [cue.player.id, cue.player.name] : null,
    said: cue.said ?? null,
    event: cue.event ?? null,
    context: [...(cue.context ?? [])],
    supersedes: to.supersedes,
  };
}
