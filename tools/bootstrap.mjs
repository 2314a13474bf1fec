#!/usr/bin/env node
/**
 * `npm start` and `npm test` on a fresh clone: install what is missing, find a Node that can run the
 * sources, run the real thing with it. Plain JavaScript without dependencies, because it runs before
 * anything is installed and on Node versions (20) that cannot run the sources themselves.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChild } from "./bootstrap/child.mjs";
import { findNode } from "./bootstrap/find-node.mjs";
import { install, isInstalled } from "./bootstrap/install.mjs";
import { Unmet } from "./bootstrap/unmet.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** @type {Record<string, string[]>} what each command runs, from the repository's root */
const COMMANDS = {
  start: ["--conditions=@banterwire/source", join("sample-game", "src", "start.ts")],
  test: [join("node_modules", "vitest", "vitest.mjs"), "run"],
};

/** @param {string[]} argv */
async function main([command, ...args]) {
  const nodeArgs = COMMANDS[command ?? ""];
  if (nodeArgs === undefined) {
    throw new Unmet(
      `Unknown command "${command ?? ""}".`,
      `Run it as: node tools/bootstrap.mjs ${Object.keys(COMMANDS).join(" | ")} [ARGS]`,
      2,
    );
  }
  if (!isInstalled(ROOT)) await install(ROOT);
  return runChild(findNode(ROOT), [...nodeArgs, ...args], ROOT);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Unmet)) throw error;
  process.stderr.write(`\nbanterwire: ${error.message}\n${error.remedy}\n`);
  process.exitCode = error.exitCode;
}
