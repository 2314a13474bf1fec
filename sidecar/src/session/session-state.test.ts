import { expect, test } from "vitest";
import {
  advanceSession,
  type SessionEvent,
  type SessionPeer,
  type SessionState,
} from "./session-state.ts";

const peer = {} as SessionPeer;
const disarm = (): void => {};
const STATES: Record<SessionState["name"], SessionState> = {
  attached: { name: "attached", peer },
  resuming: { name: "resuming", peer },
  detached: { name: "detached", disarm },
  closed: { name: "closed" },
};
const EVENTS: readonly SessionEvent[] = [
  { name: "take over", peer },
  { name: "resume" },
  { name: "lose", disarm },
  { name: "close" },
];

test.each<[SessionState["name"], readonly (SessionState["name"] | undefined)[]]>([
  ["attached", ["resuming", undefined, "detached", "closed"]],
  ["resuming", ["resuming", "attached", "detached", "closed"]],
  ["detached", ["resuming", undefined, undefined, "closed"]],
  ["closed", [undefined, undefined, undefined, undefined]],
])("a session that is %s goes on as the table says", (from, expected) => {
  const to = EVENTS.map((event) => advanceSession(STATES[from], event)?.name);
  expect(to).toEqual(expected);
});
