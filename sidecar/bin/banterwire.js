#!/usr/bin/env node
// In a checkout the sources run as they are; an installed package runs what was bundled, because Node strips no types
// inside node_modules. No import stands here: an old Node must get to the message, and each one is paid at every start.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `banterwire needs Node 22.19 or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      `Install a newer one from https://nodejs.org, or run npx banterwire in the project, which brings its own.\n`,
  );
  process.exit(1);
}

const { createRequire, enableCompileCache, registerHooks } =
  process.getBuiltinModule("node:module");
const path = process.getBuiltinModule("node:path");
const { existsSync } = process.getBuiltinModule("node:fs");

// Node has resolved links: this is where the file really lies.
const folder = path.dirname(import.meta.dirname);
const source = new URL("../src/cli/main.ts", import.meta.url);

// The space for young objects stays as small as it begins while modules are loaded: V8 would double it several times
// and keep it. How far it may grow once there is work stands in src/cli/young-space.ts.
process.getBuiltinModule("node:v8").setFlagsFromString("--semi-space-growth-factor=1");

// Beside the code, and not in a folder for temporary files: whoever can write here can change the code itself.
// Where nothing can be written, Node goes without.
enableCompileCache(path.join(folder, ".cache"));

if (!folder.split(path.sep).includes("node_modules") && existsSync(source)) {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, "@banterwire/source"] }),
  });
  await import(source.href);
} else {
  createRequire(import.meta.url)("../dist/command/main.cjs");
}
