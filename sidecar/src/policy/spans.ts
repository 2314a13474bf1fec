import type { LineEnd } from "@banterwire/protocol";

/** When a line passed each of its stations at the sidecar, milliseconds on one clock. */
export interface LineTimes {
  readonly arrivedMs: number;
  /** A slot was granted. */
  readonly dispatchedMs?: number;
  /** The request was handed to a connected socket. */
  readonly sentMs?: number;
  /** The first chunk came, visible or not. */
  readonly firstChunkMs?: number;
  readonly firstVisibleMs?: number;
  readonly endedMs: number;
}

/** What the engine said of its own time, milliseconds. */
export interface EngineTimes {
  readonly loadMs: number;
  readonly prefillMs: number;
}

/**
 * Where a line's time went, microseconds: queue, connect, load, prefill, first token, filter hold,
 * decode. A station that was not reached ends the span before it at the line's end, so the spans
 * sum to the wall time whatever happened.
 */
export function lineSpansUs(times: LineTimes, engine: EngineTimes): LineEnd["spansUs"] {
  const ends = [times.dispatchedMs, times.sentMs, times.firstChunkMs, times.firstVisibleMs];
  const spans: number[] = [];
  let fromMs = times.arrivedMs;
  for (const end of [...ends, times.endedMs]) {
    const toMs = Math.min(times.endedMs, Math.max(fromMs, end ?? times.endedMs));
    spans.push(toMs - fromMs);
    fromMs = toMs;
  }
  const [queueMs = 0, connectMs = 0, engineMs = 0, filterMs = 0, decodeMs = 0] = spans;
  const loadMs = Math.min(engineMs, engine.loadMs);
  const prefillMs = Math.min(engineMs - loadMs, engine.prefillMs);
  const firstTokenMs = engineMs - loadMs - prefillMs;
  return [
    toUs(queueMs),
    toUs(connectMs),
    toUs(loadMs),
    toUs(prefillMs),
    toUs(firstTokenMs),
    toUs(filterMs),
    toUs(decodeMs),
  ];
}

function toUs(ms: number): number {
  return Math.round(ms * 1000);
}
