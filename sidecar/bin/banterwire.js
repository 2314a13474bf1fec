#!/usr/bin/env node
// In a checkout the sources run as they are; an installed package runs what was built, because Node strips no types
// inside node_modules.
import { existsSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { sep } from "node:path";
import { fileURLToPath } from "node:url";

const ENTRY = "cli/main";
const OLDEST_NODE = [22, 19];
const EXIT_NODE_TOO_OLD = 9;

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(
    `This needs Node ${OLDEST_NODE.join(".")} or newer, and runs under ${process.versions.node} (${process.execPath}). Install a newer Node, or start it through npx in the project, which brings one.\n`,
  );
  process.exit(EXIT_NODE_TOO_OLD);
}

// Most of the start is compiling modules; a directory that cannot be written only means that nothing is kept.
nodeModule.enableCompileCache();

const here = realpathSync(fileURLToPath(import.meta.url));
const source = new URL(`../src/${ENTRY}.ts`, import.meta.url);
const isInstalled = here.split(sep).includes("node_modules");

if (!isInstalled && existsSync(source)) {
  nodeModule.registerHooks({
    resolve: (specifier, context, nextResolve) =>
      nextResolve(specifier, {
        ...context,
        conditions: [...context.conditions, "@banterwire/source"],
      }),
  });
  await import(source.href);
} else {
  await import(new URL(`../dist/${ENTRY}.js`, import.meta.url).href);
}
