export { type Client, type ClientOptions, createClient } from "./client.ts";
export type { ConnectionState } from "./connection.ts";
export { addOutcome, type HitRates, NO_HITS, type Outcome } from "./hit-rates.ts";
export type { Line, LineObserver, LineResult } from "./line.ts";
export type { Character, Cue, Room } from "./room.ts";
export type { OpenTransport, Transport, TransportEvents } from "./transport.ts";
