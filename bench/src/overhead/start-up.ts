import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Figures, figureOf } from "../bench.ts";
import { startPacedUpstream } from "../support/paced-upstream.ts";
import { BUILT_COMMAND, CHECKOUT_COMMAND, spawnSidecar } from "../support/sidecar.ts";
import { figureOfInterval, ratioOfRounds } from "../support/statistics.ts";

const NO_CACHE = { NODE_DISABLE_COMPILE_CACHE: "1" };

/** From the start of a process until it listens, against the shortest life that a Node has. */
export async function measureStartUp(rounds: number, random: () => number): Promise<Figures> {
  const node: number[] = [];
  const built: number[] = [];
  const uncached: number[] = [];
  const checkout: number[] = [];
  const upstream = await startPacedUpstream();
  try {
    // The first start of all leaves its compiled code for those after it.
    for (const command of [BUILT_COMMAND, CHECKOUT_COMMAND]) {
      await listeningMs(upstream.origin, command);
    }
    for (let round = 0; round < rounds; round++) {
      node.push(await lifeMs());
      built.push(await listeningMs(upstream.origin, BUILT_COMMAND));
      uncached.push(await listeningMs(upstream.origin, BUILT_COMMAND, NO_CACHE));
      checkout.push(await listeningMs(upstream.origin, CHECKOUT_COMMAND));
    }
  } finally {
    await upstream.stop();
  }
  const ratio = ratioOfRounds(built, node, random);
  return {
    "start-up: node -e 0": figureOf(node, "ms"),
    "start-up: listening": figureOf(built, "ms"),
    "start-up: listening over node -e 0": figureOfInterval(ratio, "x"),
    "start-up: listening, without compiled code of an earlier start": figureOf(uncached, "ms"),
    "start-up: listening, from the checkout's sources": figureOf(checkout, "ms"),
  };
}

async function lifeMs(): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["-e", "0"], { stdio: "ignore" });
  await once(child, "exit");
  return performance.now() - startedMs;
}

async function listeningMs(
  origin: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const sidecar = await spawnSidecar({ origin, slots: 1, command, env });
  await sidecar.stop();
  return sidecar.listeningMs;
}
