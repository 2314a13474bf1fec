import type { WebSocket } from "ws";
import { MAX_BUFFERED_BYTES } from "../config.ts";

/** Of more pings in one turn of the loop only the last one is answered, as RFC 6455 allows. */
export const MAX_PONGS_PER_TURN = 16;

/**
 * Answers a peer's pings (of a WebSocket that does not do so by itself). A peer that sends them and
 * does not read makes nothing pile up for it.
 */
export function answerPings(webSocket: WebSocket): void {
  let answered = 0;
  let last: Buffer | undefined;
  const nextTurn = (): void => {
    if (last) answer(webSocket, last);
    last = undefined;
    answered = 0;
  };
  webSocket.on("ping", (data) => {
    if (answered === 0) setImmediate(nextTurn);
    if (answered === MAX_PONGS_PER_TURN) {
      last = data;
      return;
    }
    answered++;
    answer(webSocket, data);
  });
}

function answer(webSocket: WebSocket, data: Buffer): void {
  // A pong to a socket that is closing is an error of the call's own, which nobody waits for.
  if (webSocket.bufferedAmount <= MAX_BUFFERED_BYTES) webSocket.pong(data, false, () => {});
}
