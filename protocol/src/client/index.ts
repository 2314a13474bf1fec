export { BUDGET_GUARD_MS, type Client, createClient } from "./client.ts";
export type { ClientOptions } from "./client-options.ts";
export type { ConnectionState } from "./connection-state.ts";
export { addOutcome, type HitRates, NO_HITS, type Outcome } from "./hit-rates.ts";
export type { Line, LineObserver, LineResult } from "./line.ts";
export type { Candidate, Character, Cue, Room } from "./room.ts";
export type { OpenTransport, Transport, TransportEvents } from "./transport.ts";
