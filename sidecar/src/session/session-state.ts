import type { Down } from "@banterwire/protocol";
import type { LineSink } from "../line.ts";

/** The connection that a session's messages go to. */
export interface SessionPeer {
  /** For what lines say. */
  readonly lines: LineSink;
  send(message: Down): void;
  /** Another connection goes on with the session: this one has nothing to do with it any more. */
  taken(): void;
}

/**
 * Whom a session speaks to. `resuming`: a connection has it, but has not said yet where its client
 * stands in each line. `detached`: its connection was lost; `disarm` calls off its end.
 */
export type SessionState =
  | { readonly name: "attached"; readonly peer: SessionPeer }
  | { readonly name: "resuming"; readonly peer: SessionPeer }
  | { readonly name: "detached"; readonly disarm: () => void }
  | { readonly name: "closed" };

export type SessionEvent =
  | { readonly name: "take over"; readonly peer: SessionPeer }
  | { readonly name: "resume" }
  | { readonly name: "lose"; readonly disarm: () => void }
  | { readonly name: "close" };

/**
 * The one transition table of sessions. Total: an event that a state does not know has no effect,
 * and the answer is then undefined.
 */
export function advanceSession(state: SessionState, event: SessionEvent): SessionState | undefined {
  if (state.name === "closed") return undefined;
  switch (event.name) {
    case "take over":
      return { name: "resuming", peer: event.peer };
    case "resume":
      return state.name === "resuming" ? { ...state, name: "attached" } : undefined;
    case "lose":
      return state.name === "detached" ? undefined : { name: "detached", disarm: event.disarm };
    case "close":
      return { name: "closed" };
  }
}
