import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WELCOME } from "../testing/scripted-sidecar.ts";
import {
  advanceConnection,
  type ConnectionEvent,
  type ConnectionState,
} from "./connection-state.ts";

const transport = { send() {}, close() {}, abort() {}, bufferedBytes: 0 };

const EVENTS: readonly ConnectionEvent[] = [
  { name: "attempt", transport },
  { name: "connected" },
  { name: "welcome", welcome: WELCOME },
  { name: "drain" },
  { name: "failed", attempt: 0, why: "lost" },
  { name: "close" },
];

/** The whole life of a connection, as SPEC.md tells it. */
const LIFE: Readonly<Record<ConnectionState["name"], Record<string, ConnectionState["name"]>>> = {
  idle: { attempt: "connecting", close: "closed" },
  connecting: { connected: "greeting", failed: "waiting", close: "closed" },
  greeting: { welcome: "open", failed: "waiting", close: "closed" },
  open: { drain: "draining", failed: "waiting", close: "closed" },
  draining: { failed: "waiting", close: "closed" },
  waiting: { attempt: "connecting", close: "closed" },
  closed: {},
};

describe("the connection's transition table", () => {
  it("takes every sequence of events from a known state to a known state", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 50 }), (events) => {
        let state: ConnectionState = { name: "idle" };
        for (const event of events) {
          const next = advanceConnection(state, event);
          expect(next?.name).toBe(LIFE[state.name][event.name]);
          state = next ?? state;
        }
      }),
    );
  });

  it("keeps the transport from the attempt to the failure, and the welcome while open", () => {
    let state: ConnectionState = { name: "idle" };
    for (const event of EVENTS.slice(0, 4)) state = advanceConnection(state, event) ?? state;
    expect(state).toEqual({ name: "draining", transport, welcome: WELCOME });
  });
});
