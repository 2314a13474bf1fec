import type { Socket } from "node:net";

/**
 * Reads a socket and calls `spoken` when the first bytes have come, which are left to whoever reads
 * it then. A socket that says nothing in time, or hangs up before, is dropped.
 */
export function untilItSpeaks(socket: Socket, withinMs: number, spoken: () => void): void {
  const drop = (): void => void socket.destroy();
  socket.on("error", drop).once("end", drop).setTimeout(withinMs, drop);
  socket.once("data", (bytes: Buffer) => {
    socket.pause();
    socket.unshift(bytes);
    socket.off("end", drop).off("timeout", drop).setTimeout(0);
    spoken();
  });
  socket.resume();
}
