import { once } from "node:events";
import { decodeDown, encode, SUBPROTOCOL, type Up } from "@banterwire/protocol";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { DEFAULT_CONFIG } from "./config.ts";
import type { Log } from "./log.ts";
import { MAX_LOG_LINES_PER_SECOND } from "./observe/log-lines.ts";
import { startSidecar } from "./server.ts";
import { startScriptedOllama } from "./testing/index.ts";

const PATIENCE = { timeout: 30_000, interval: 5 };

/** A log that throws where a flood of errors is summed up: at a deadline of the sidecar's own. */
function brittleLog(): { readonly log: Log; readonly faults: () => number } {
  let faults = 0;
  const log = pino(
    {
      level: "warn",
      hooks: {
        logMethod(args, method) {
          if (JSON.stringify(args).includes(" more: ")) throw new Error("broken by the test");
          if (JSON.stringify(args).includes("a fault of the sidecar's own")) faults++;
          method.apply(this, args);
        },
      },
    },
    { write: () => {} },
  );
  return { log, faults: () => faults };
}

test("a fault at a deadline is logged and counted, and the sidecar goes on", async () => {
  const { log, faults } = brittleLog();
  const ollama = await startScriptedOllama();
  const sidecar = await startSidecar({ ...DEFAULT_CONFIG, port: 0, ollama: [ollama.origin] }, log);
  const socket = new WebSocket(sidecar.url, SUBPROTOCOL);
  let pongs = 0;
  socket.on("message", (data: Buffer) => {
    if (decodeDown(data).kind === "pong") pongs++;
  });
  await once(socket, "open");
  const send = (message: Up): void => socket.send(encode(message));
  send({ kind: "hello", minor: 0, client: "a test", capabilities: [], session: null });
  for (let count = 0; count < 2 * MAX_LOG_LINES_PER_SECOND; count++) {
    send({ kind: "roomClose", room: 99 });
  }
  await vi.waitUntil(() => faults() === 1, PATIENCE);
  send({ kind: "ping", nonce: 1 });
  await vi.waitUntil(() => pongs === 1, PATIENCE);
  const metrics = await (await fetch(`http://127.0.0.1:${sidecar.port}/metrics`)).text();
  expect(metrics).toContain("\nbanterwire_faults_total 1\n");
  socket.terminate();
  await sidecar.close();
  await ollama.close();
});
