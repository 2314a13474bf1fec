import { expect, it } from "vitest";
import { WELCOME } from "../testing/scripted-sidecar.ts";
import { advanceSession, type SessionEvent, type SessionState } from "./session-state.ts";

const STATES: Record<SessionState["name"], SessionState> = {
  none: { name: "none" },
  attached: { name: "attached", welcome: WELCOME },
  detached: { name: "detached", welcome: WELCOME, lines: new Set(), disarm: () => {} },
};
const EVENTS: readonly SessionEvent[] = [
  { name: "welcomed", welcome: WELCOME },
  { name: "lost", lines: new Set([1]), disarm: () => {} },
  { name: "ended" },
];

it.each<[SessionState["name"], readonly (SessionState["name"] | undefined)[]]>([
  ["none", ["attached", undefined, undefined]],
  ["attached", ["attached", "detached", "none"]],
  ["detached", ["attached", undefined, "none"]],
])("a client whose session is %s goes on as the table says", (from, expected) => {
  const to = EVENTS.map((event) => advanceSession(STATES[from], event)?.name);
  expect(to).toEqual(expected);
});
