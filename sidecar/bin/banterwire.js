#!/usr/bin/env node
// In a checkout the sources run as they are; an installed package runs what was built, because Node strips no types
// inside node_modules.
import { existsSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module"; // by namespace: an old Node, which lacks registerHooks, must get to the message
import { sep } from "node:path";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `banterwire needs Node 22.19 or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      `Install a newer one from https://nodejs.org, or run npx banterwire in the project, which brings its own.\n`,
  );
  process.exit(1);
}

const isInstalled = realpathSync(fileURLToPath(import.meta.url))
  .split(sep)
  .includes("node_modules");
const source = new URL("../src/cli/main.ts", import.meta.url);

if (!isInstalled && existsSync(source)) {
  nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, "@banterwire/source"] }),
  });
  await import(source.href);
} else {
  await import(new URL("../dist/cli/main.js", import.meta.url).href);
}
