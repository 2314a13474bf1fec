import type { Welcome } from "../messages/welcome.ts";

/**
 * The client's session at the sidecar. `detached`: its connection is lost, and the next one may go
 * on with it until `disarm`'s timer has run out; `lines` were open at the sidecar when it was lost.
 */
export type SessionState =
  | { readonly name: "none" }
  | { readonly name: "attached"; readonly welcome: Welcome }
  | {
      readonly name: "detached";
      readonly welcome: Welcome;
      readonly lines: ReadonlySet<number>;
      readonly disarm: () => void;
    };

export type SessionEvent =
  | { readonly name: "welcomed"; readonly welcome: Welcome }
  | { readonly name: "lost"; readonly lines: ReadonlySet<number>; readonly disarm: () => void }
  | { readonly name: "ended" };

/**
 * The one transition table of a client's session. Total: an event that a state does not know has no
 * effect, and the answer is then undefined.
 */
export function advanceSession(state: SessionState, event: SessionEvent): SessionState | undefined {
  switch (event.name) {
    case "welcomed":
      return { name: "attached", welcome: event.welcome };
    case "lost":
      if (state.name !== "attached") return undefined;
      return { ...event, name: "detached", welcome: state.welcome };
    case "ended":
      return state.name === "none" ? undefined : { name: "none" };
  }
}
