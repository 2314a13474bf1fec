import { connect, type Socket } from "node:net";
import { encode, LIMITS, type Up } from "@banterwire/protocol";
import { frameOf, RawGame } from "@banterwire/sidecar/testing";

/** Begins an attack on a port; the function returned ends it. */
type Begin = (port: number) => () => void;

const HELLO: Up & { kind: "hello" } = {
  kind: "hello",
  minor: 0,
  capabilities: [],
  client: "hostile",
  session: null,
};
const FIRST: readonly Up[] = [
  HELLO,
  { kind: "roomOpen", room: 1, worldKey: "tavern" },
  {
    kind: "characterRegister",
    room: 1,
    character: "mira",
    name: "Mira",
    persona: "You are Mira, who keeps the inn.",
    fallbacks: ["Later, friend."],
    closers: [],
  },
];
const GREETING = FIRST.map((message) => frameOf(encode(message)));
const HEADER = `GET / HTTP/1.1\r\nHost: sidecar\r\nX-Filler: ${"x".repeat(4_096)}\r\n\r\n`;
const PING = 9;

export const ATTACKS = {
  /** What two rounds differ by on their own. */
  "no attack": () => () => {},
  /** Requests whose headers come byte by byte. */
  "500 slow handshakes": (port) => {
    const sockets = new Set<Socket>();
    let at = 0;
    const open = (): void => {
      const socket = quiet(connect(port, "127.0.0.1"));
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        if (at >= 0) setTimeout(open, 100);
      });
    };
    for (let count = 0; count < 500; count++) open();
    const timer = setInterval(() => {
      const byte = HEADER.charAt(at++ % HEADER.length);
      for (const socket of sockets) socket.write(byte);
    }, 500);
    return () => {
      at = -1;
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    };
  },
  /** Connected, and not a word. */
  "10,000 idle sockets": (port) => {
    const sockets: Socket[] = [];
    const timer = setInterval(() => {
      for (let count = 0; count < 250 && sockets.length < 10_000; count++) {
        sockets.push(quiet(connect(port, "127.0.0.1")).resume());
      }
    }, 25);
    return () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    };
  },
  /** Sound messages, each byte in a frame of its own, as fast as they are read. */
  "one-byte fragments": (port) => {
    const message = encode({ kind: "ping", nonce: 7 });
    const frames = [...message].map((byte, index) =>
      frameOf(Uint8Array.of(byte), index === 0 ? 2 : 0, index === message.length - 1),
    );
    return flood(port, Buffer.concat(Array.from({ length: 200 }, () => frames).flat()));
  },
  /** Frames beyond the bound, each on a connection of its own. */
  "50 oversize frames a second": (port) => {
    const frame = frameOf(new Uint8Array(70_000));
    const games = new Set<RawGame>();
    const timer = setInterval(() => {
      const game = new RawGame(port, [...GREETING, frame], () => {});
      games.add(game);
      void game.closed.catch(() => {}).then(() => games.delete(game));
    }, 20);
    return () => {
      clearInterval(timer);
      for (const game of games) game.socket.destroy();
    };
  },
  /** WebSocket pings as fast as they are read; the pongs are not read. */
  "ping flood": (port) =>
    flood(
      port,
      Buffer.concat(Array.from({ length: 1_000 }, () => frameOf(new Uint8Array(4), PING))),
    ),
  /** Games that come back again and again, each time with thousands of lines that nobody knows. */
  "resume flood": (port) => {
    const stops = Array.from({ length: FLOODING_CONNECTIONS }, () => resumeAgainAndAgain(port));
    return () => {
      for (const stop of stops) stop();
    };
  },
  /** All connect, say hello and register, and are cut, and come back, at the same moment. */
  "reconnect storm of 1,000": (port) => {
    let games: RawGame[] = [];
    const cut = (): void => {
      for (const game of games) game.socket.destroy();
    };
    const storm = (): void => {
      cut();
      games = Array.from({ length: 1_000 }, () => new RawGame(port, GREETING, () => {}));
    };
    storm();
    const timer = setInterval(storm, 2_000);
    return () => {
      clearInterval(timer);
      cut();
    };
  },
} as const satisfies Readonly<Record<string, Begin>>;

export type AttackName = keyof typeof ATTACKS;
export const CONTROL = "no attack" satisfies AttackName;
export const ATTACK_NAMES = Object.keys(ATTACKS) as readonly AttackName[];

const FLOODING_CONNECTIONS = 4;

/** The same bytes over and over on some connections, as fast as they are taken; nothing is read. */
function flood(port: number, bytes: Buffer): () => void {
  const games = Array.from({ length: FLOODING_CONNECTIONS }, () => {
    const game = new RawGame(port, GREETING, () => {});
    const pour = (): void => {
      while (game.socket.writable && game.socket.write(bytes));
    };
    game.socket.on("drain", pour);
    game.socket.once("data", () => {
      game.socket.pause();
      pour();
    });
    return game;
  });
  return () => {
    for (const game of games) game.socket.destroy();
  };
}

const UNKNOWN_LINES = encode({
  kind: "resume",
  lines: Array.from({ length: LIMITS.MAX_LINES_PER_RESUME }, (_, index) => [2 ** 31 + index, 1]),
  more: true,
});
const RESUMES = Buffer.concat(Array.from({ length: 400 }, () => frameOf(UNKNOWN_LINES)));

/** Loses its connection at once, comes back, and pours out where it stands. */
function resumeAgainAndAgain(port: number): () => void {
  let isOver = false;
  let game: RawGame;
  const connectAnew = (session: Uint8Array | null): void => {
    const hello = { ...HELLO, capabilities: ["resume"], session };
    let known = session;
    game = new RawGame(port, [frameOf(encode(hello))], (message) => {
      if (message.kind !== "welcome") return;
      known = Uint8Array.from(message.session);
      if (message.resumed) game.socket.write(RESUMES);
      else game.socket.destroy();
    });
    game.socket.once("close", () => {
      if (!isOver) connectAnew(known);
    });
  };
  connectAnew(null);
  return () => {
    isOver = true;
    game.socket.destroy();
  };
}

function quiet(socket: Socket): Socket {
  return socket.on("error", () => {});
}
