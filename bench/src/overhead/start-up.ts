import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type Figures, figureOf } from "../bench.ts";
import { startPacedUpstream } from "../support/paced-upstream.ts";
import { BUILT_COMMAND, spawnSidecar } from "../support/sidecar.ts";
import { figureOfInterval, ratioOfRounds } from "../support/statistics.ts";

/** From the start of a process until it listens, against the shortest life that a Node has. */
export async function measureStartUp(rounds: number, random: () => number): Promise<Figures> {
  const [node, built, checkout]: number[][] = [[], [], []];
  const isBuilt = spawnSync("npm", ["run", "build"], { stdio: "ignore" }).status === 0;
  const upstream = await startPacedUpstream();
  try {
    for (let round = 0; round < rounds; round++) {
      node!.push(await lifeMs());
      if (isBuilt) built!.push(await listeningMs(upstream.origin, BUILT_COMMAND));
      checkout!.push(await listeningMs(upstream.origin));
    }
  } finally {
    await upstream.stop();
  }
  const figures: Figures = {
    "start-up: node -e 0": figureOf(node!, "ms"),
    "start-up: listening, from the checkout's sources": figureOf(checkout!, "ms"),
  };
  if (!isBuilt) return figures;
  figures["start-up: listening"] = figureOf(built!, "ms");
  figures["start-up: listening over node -e 0"] = figureOfInterval(
    ratioOfRounds(built!, node!, random),
    "x",
  );
  return figures;
}

async function lifeMs(): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["-e", "0"], { stdio: "ignore" });
  await once(child, "exit");
  return performance.now() - startedMs;
}

async function listeningMs(origin: string, command?: readonly string[]): Promise<number> {
  const sidecar = await spawnSidecar({ origin, slots: 1, ...(command && { command }) });
  await sidecar.stop();
  return sidecar.listeningMs;
}
