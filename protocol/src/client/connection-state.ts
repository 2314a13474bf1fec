import type { Welcome } from "../messages/welcome.ts";
import type { Transport } from "./transport.ts";

/**
 * The life of a client's connection. `draining`: open, but the sidecar is about to stop and takes
 * no cues. `waiting`: lost, until the next attempt. `closed`: for good.
 */
export type ConnectionState =
  | { readonly name: "idle" }
  | { readonly name: "connecting"; readonly transport: Transport }
  | { readonly name: "greeting"; readonly transport: Transport }
  | { readonly name: "open"; readonly transport: Transport; readonly welcome: Welcome }
  | { readonly name: "draining"; readonly transport: Transport; readonly welcome: Welcome }
  | { readonly name: "waiting"; readonly attempt: number; readonly why: string }
  | { readonly name: "closed" };

export type ConnectionEvent =
  | { readonly name: "attempt"; readonly transport: Transport }
  | { readonly name: "connected" }
  | { readonly name: "welcome"; readonly welcome: Welcome }
  | { readonly name: "drain" }
  | { readonly name: "failed"; readonly attempt: number; readonly why: string }
  | { readonly name: "close" };

/**
 * The one transition table of a client's connection. Total: an event that a state does not know
 * has no effect, and the answer is then undefined.
 */
export function advanceConnection(
  state: ConnectionState,
  event: ConnectionEvent,
): ConnectionState | undefined {
  if (state.name === "closed") return undefined;
  switch (event.name) {
    case "attempt":
      if (state.name !== "idle" && state.name !== "waiting") return undefined;
      return { name: "connecting", transport: event.transport };
    case "connected":
      return state.name === "connecting" ? { ...state, name: "greeting" } : undefined;
    case "welcome":
      if (state.name !== "greeting") return undefined;
      return { name: "open", transport: state.transport, welcome: event.welcome };
    case "drain":
      return state.name === "open" ? { ...state, name: "draining" } : undefined;
    case "failed":
      if (!("transport" in state)) return undefined;
      return { name: "waiting", attempt: event.attempt, why: event.why };
    case "close":
      return { name: "closed" };
  }
}
