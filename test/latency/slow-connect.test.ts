import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createClient } from "@banterwire/protocol/client";
import { createLog, DEFAULT_CONFIG, startSidecar } from "@banterwire/sidecar";
import { afterEach, expect, test, vi } from "vitest";
import { PATIENCE } from "../support/patience.ts";
import { stopProcess } from "../support/stop-process.ts";

/** Listens with room for one connection, and says where. */
const LISTENER = `
  const server = require("node:net").createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    process.send(server.address().port);
  });
`;
const ATTEMPTS = 8;

let listener: ChildProcess | undefined;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  listener?.kill("SIGKILL");
});

/** A port whose backlog is full: who connects gets no answer at all. */
async function fullPort(): Promise<number> {
  listener = spawn(process.execPath, ["--eval", LISTENER], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [port] = (await once(listener, "message")) as [number];
  await stopProcess(listener.pid);
  let connected = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const socket = connect(port, "127.0.0.1", () => connected++);
    socket.on("error", () => {});
    sockets.push(socket);
  }
  await vi.waitUntil(() => connected > 1, PATIENCE);
  return port;
}

test("an Ollama that takes no connection: fallbacks at once, the operator told, no slot taken", async () => {
  const port = await fullPort();
  const config = { ...DEFAULT_CONFIG, port: 0, ollama: [`http://127.0.0.1:${port}`] };
  const sidecar = await startSidecar(config, createLog("silent"));
  const client = createClient({ url: sidecar.url });
  const room = client.openRoom({ worldKey: "tavern" });
  room.register({ id: "mira", name: "Mira", persona: "Keeps the bar.", fallbacks: ["Hm?"] });
  try {
    await vi.waitUntil(() => client.state.name === "open", PATIENCE);
    expect(await room.say("mira", { said: "Hello!" }).ended).toMatchObject({
      source: "fallback",
      reason: "upstream",
      text: "Hm?",
    });
    await expect
      .poll(() => sidecar.status().endpoints[0])
      .toMatchObject({
        state: "down",
        trouble: { code: "ollama_silent", message: expect.stringMatching(/connect timeout/iu) },
        opens: 0,
      });
    expect(await room.say("mira", { said: "Hello?" }).ended).toMatchObject({ reason: "upstream" });
  } finally {
    client.close();
    await sidecar.close();
  }
});
