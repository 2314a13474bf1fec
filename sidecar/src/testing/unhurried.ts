import type { SlotRequest } from "../upstream/upstream.ts";

/** For wishes of tests in which nobody waits and nobody competes. */
export const UNHURRIED = {
  priority: "reply",
  character: "mira",
  room: 1,
  deadlineMs: Infinity,
  preempted: () => {},
} as const satisfies Partial<SlotRequest>;
