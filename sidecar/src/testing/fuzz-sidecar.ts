import { encode, type Up } from "@banterwire/protocol";
import { HostileFrames } from "@banterwire/protocol/testing";
import { frameOf, RawGame } from "./raw-game.ts";

export interface SidecarFuzz {
  /** Of a sidecar that lets anybody in. */
  readonly port: number;
  readonly seed: number;
  /** That the sidecar is to have decoded when this is over. */
  readonly frames: number;
  /** At a time. */
  readonly connections: number;
}

export interface SidecarFuzzTally {
  readonly connections: number;
  /** How often the sidecar closed a connection with which code; 1006: without a word. */
  readonly closes: Readonly<Record<string, number>>;
}

/** Most hostile frames end their connection: what was sent behind them goes into the next one. */
const FRAMES_AHEAD = 4;
/** A ping behind each frame says that it was taken; hostile pings have other numbers. */
const FIRST_NONCE = 0x8000_0000;
/** Nobody answered for so long: the sidecar hangs. */
const PATIENCE_MS = 60_000;

const MESSAGES: readonly Up[] = [
  { kind: "hello", minor: 0, capabilities: [], client: "hostile", session: null },
  { kind: "roomOpen", room: 1, worldKey: "tavern" },
  {
    kind: "characterRegister",
    room: 1,
    character: "mira",
    name: "Mira",
    persona: "Mira keeps the tavern.",
    fallbacks: ["Later, friend."],
    closers: [],
  },
];
const GREETING = MESSAGES.map((message) => frameOf(encode(message)));

/**
 * Puts hostile frames through connections of a running sidecar, each one of a game that has said
 * hello, until the sidecar has had so many of them.
 *
 * @throws Error if a connection is not let in, or hangs
 */
export async function fuzzSidecar(fuzz: SidecarFuzz): Promise<SidecarFuzzTally> {
  const closes: Record<string, number> = {};
  let connections = 0;
  const peer = async (index: number): Promise<void> => {
    const source = new HostileFrames(fuzz.seed + index);
    const ahead: Buffer[] = [];
    let left = Math.ceil((fuzz.frames - index) / fuzz.connections);
    while (left > 0) {
      connections++;
      const { taken, code } = await converse(fuzz.port, left, source, ahead);
      left -= taken;
      if (code !== undefined) closes[code] = (closes[code] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: fuzz.connections }, (_, index) => peer(index)));
  return { connections, closes };
}

/** One connection, until it is closed or has taken enough. What it did not take stays in `ahead`. */
async function converse(
  port: number,
  enough: number,
  source: HostileFrames,
  ahead: Buffer[],
): Promise<{ readonly taken: number; readonly code: number | undefined }> {
  let taken = 0;
  let sent = 0;
  const next = (): Buffer[] => {
    const frames: Buffer[] = [];
    for (; sent - taken < FRAMES_AHEAD && sent < enough; sent++) {
      const frame = (ahead[sent - taken] ??= source.next());
      frames.push(frameOf(frame), frameOf(encode({ kind: "ping", nonce: FIRST_NONCE + sent })));
    }
    return frames;
  };
  const game = new RawGame(port, [...GREETING, ...next()], (message) => {
    if (message.kind !== "pong" || message.nonce !== FIRST_NONCE + taken) return;
    taken++;
    ahead.shift();
    if (taken === enough) game.socket.destroy();
    else game.socket.write(Buffer.concat(next()));
  });
  game.socket.setTimeout(PATIENCE_MS, () => game.socket.destroy(new Error("it hangs")));
  const code = await game.closed;
  if (taken === enough) return { taken, code: undefined };
  // The one that the connection was closed for was taken, too.
  ahead.shift();
  return { taken: taken + 1, code };
}
