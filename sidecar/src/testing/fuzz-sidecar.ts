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
  /** Of them, those that went on with the session of the one before. */
  readonly resumed: number;
  /** How often the sidecar closed a connection with which code; 1006: without a word. */
  readonly closes: Readonly<Record<string, number>>;
}

/** Most hostile frames end their connection: what was sent behind them goes into the next one. */
const FRAMES_AHEAD = 4;
/** A connection that has outlived so many is cut, without a word: the next one resumes it. */
const CUT_AFTER_FRAMES = 2;
/** A ping behind each frame says that it was taken; hostile pings have other numbers. */
const FIRST_NONCE = 0x8000_0000;
/** Nobody answered for so long: the sidecar hangs. */
const PATIENCE_MS = 60_000;

const OPENING = framesOf(
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
);
const RESUME = framesOf({ kind: "resume", lines: [], more: false });

/** What one peer has ready for the sidecar, and knows of it. */
interface Peer {
  readonly port: number;
  readonly source: HostileFrames;
  /** Frames that were sent, or are to be sent next. */
  readonly ahead: Buffer[];
  session: Uint8Array | null;
}

/**
 * Puts hostile frames through connections of a running sidecar, each one of a game that has said
 * hello, or has come back to the session of the one before, until the sidecar has had so many.
 *
 * @throws Error if a connection is not let in, or hangs
 */
export async function fuzzSidecar(fuzz: SidecarFuzz): Promise<SidecarFuzzTally> {
  const closes: Record<string, number> = {};
  let connections = 0;
  let resumed = 0;
  const peer = async (index: number): Promise<void> => {
    const source = new HostileFrames(fuzz.seed + index);
    const self: Peer = { port: fuzz.port, source, ahead: [], session: null };
    let left = Math.ceil((fuzz.frames - index) / fuzz.connections);
    while (left > 0) {
      connections++;
      const { taken, code, isResumed } = await converse(self, left);
      left -= taken;
      if (isResumed) resumed++;
      if (code !== undefined) closes[code] = (closes[code] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: fuzz.connections }, (_, index) => peer(index)));
  return { connections, resumed, closes };
}

function framesOf(...messages: readonly Up[]): readonly Buffer[] {
  return messages.map((message) => frameOf(encode(message)));
}

/** One connection, until it is closed or has taken enough. What it did not take stays in `ahead`. */
async function converse(
  peer: Peer,
  left: number,
): Promise<{
  readonly taken: number;
  /** Undefined where the peer itself cut it. */
  readonly code: number | undefined;
  readonly isResumed: boolean;
}> {
  const { port, source, ahead, session } = peer;
  const enough = Math.min(left, CUT_AFTER_FRAMES);
  let taken = 0;
  let sent = 0;
  let isResumed = false;
  const next = (): Buffer[] => {
    const frames: Buffer[] = [];
    for (; sent - taken < FRAMES_AHEAD && sent < enough; sent++) {
      const frame = (ahead[sent - taken] ??= source.next());
      frames.push(frameOf(frame), frameOf(encode({ kind: "ping", nonce: FIRST_NONCE + sent })));
    }
    return frames;
  };
  const hello: Up = {
    kind: "hello",
    minor: 0,
    capabilities: ["resume"],
    client: "hostile",
    session,
  };
  const game = new RawGame(port, [frameOf(encode(hello))], (message) => {
    if (message.kind === "welcome") {
      peer.session = message.session;
      isResumed = message.resumed;
      game.socket.write(Buffer.concat([...(isResumed ? RESUME : OPENING), ...next()]));
    }
    if (message.kind !== "pong" || message.nonce !== FIRST_NONCE + taken) return;
    taken++;
    ahead.shift();
    if (taken === enough) game.socket.destroy();
    else game.socket.write(Buffer.concat(next()));
  });
  game.socket.setTimeout(PATIENCE_MS, () => game.socket.destroy(new Error("it hangs")));
  const code = await game.closed;
  if (taken === enough) return { taken, code: undefined, isResumed };
  // The one that the connection was closed for was taken, too.
  ahead.shift();
  return { taken: taken + 1, code, isResumed };
}
