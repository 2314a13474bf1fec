import type { Engine } from "./engine.ts";
import type { SlotBooks } from "./slot-desk.ts";
import type { Trouble } from "./trouble.ts";

export type EndpointState =
  | { readonly name: "starting" }
  | { readonly name: "loading"; readonly origin: string; readonly model: string }
  | ({ readonly name: "warm" } & Warm)
  /** A generation was given up unheard, by nobody's fault. It serves, but is the model still there? */
  | ({ readonly name: "unsure" } & Warm)
  /** A line was too late, or failed: none is begun until the model is known to be there. */
  | ({ readonly name: "checking" } & Warm)
  /** It takes generations and answers none: nothing but canaries is sent until one is answered. */
  | { readonly name: "wedged"; readonly engine: Engine; readonly trouble: Trouble }
  | { readonly name: "down"; readonly trouble: Trouble }
  | { readonly name: "closed" };

interface Warm {
  readonly engine: Engine;
  readonly warmTtftMs: number;
  readonly warmSinceMs: number;
}

/** What an endpoint tells at `/status`. */
export interface EndpointStatus extends SlotBooks {
  readonly url: string | null;
  readonly engineVersion: string | null;
  readonly model: string | null;
  readonly contextLength: number | null;
  readonly state: "starting" | "loading" | "warm" | "checking" | "down";
  readonly trouble: Trouble | null;
  readonly warmTtftMs: number | null;
}

/** @param takesCues whether it is asked for lines */
export function statusOf(
  state: EndpointState,
  books: SlotBooks,
  takesCues: boolean,
): EndpointStatus {
  const engine = "engine" in state ? state.engine : undefined;
  const loading = state.name === "loading" ? state : undefined;
  return {
    url: engine?.origin ?? loading?.origin ?? null,
    engineVersion: engine?.engineVersion ?? null,
    model: engine?.choice.model ?? loading?.model ?? null,
    contextLength: engine?.runnerOptions.num_ctx ?? null,
    state: visibleState(state.name, takesCues),
    trouble: "trouble" in state ? state.trouble : null,
    warmTtftMs: "warmTtftMs" in state ? state.warmTtftMs : null,
    ...books,
  };
}

function visibleState(name: EndpointState["name"], takesCues: boolean): EndpointStatus["state"] {
  if (name === "warm" || name === "unsure") return takesCues ? "warm" : "checking";
  return name === "closed" || name === "wedged" ? "down" : name;
}
