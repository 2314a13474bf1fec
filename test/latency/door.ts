import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { vi } from "vitest";
import { PATIENCE } from "../support/patience.ts";
import { stopProcess } from "../support/stop-process.ts";

/** Passes connections on to the port it is given, with room for few that it has not taken yet. */
const DOORMAN = `
  const { connect, createServer } = require("node:net");
  const sockets = new Set();
  const keep = (socket, other) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
    socket.pipe(other);
  };
  const server = createServer((outer) => {
    const inner = connect(Number(process.argv[1]), "127.0.0.1");
    keep(outer, inner);
    keep(inner, outer);
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    process.send(server.address().port);
  });
  process.on("message", () => {
    for (const socket of sockets) socket.destroy();
    process.send("dropped");
  });
`;
/** More than wait at a door before the system leaves a connection without any answer. */
const KNOCKS = 8;

/** What stands before an engine, and may answer nobody who wants to connect. */
export class Door {
  readonly origin: string;
  readonly #doorman: ChildProcess;
  #knocking: Socket[] = [];

  private constructor(doorman: ChildProcess, port: number) {
    this.#doorman = doorman;
    this.origin = `http://127.0.0.1:${port}`;
  }

  /** @param behind the port of the engine */
  static async before(behind: number): Promise<Door> {
    const doorman = spawn(process.execPath, ["--eval", DOORMAN, String(behind)], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const [port] = (await once(doorman, "message")) as [number];
    return new Door(doorman, port);
  }

  /** Drops every connection; from then on one that is opened gets no answer at all. */
  async shut(): Promise<void> {
    const dropped = once(this.#doorman, "message");
    this.#doorman.send("drop");
    await dropped;
    await stopProcess(this.#doorman.pid);
    const port = Number(new URL(this.origin).port);
    let connected = 0;
    this.#knocking = Array.from({ length: KNOCKS }, () => {
      const socket = connect(port, "127.0.0.1", () => connected++);
      return socket.on("error", () => {});
    });
    await vi.waitUntil(() => connected > 1, PATIENCE);
  }

  open(): void {
    for (const socket of this.#knocking) socket.destroy();
    this.#doorman.kill("SIGCONT");
  }

  async close(): Promise<void> {
    this.open();
    const gone = once(this.#doorman, "exit");
    this.#doorman.kill("SIGKILL");
    await gone;
  }
}
