/**
 * Bundles the sidecar's command into `sidecar/dist/command`, which is what an installed package runs.
 * Why, and why not all of it: docs/decisions/2026-11-21-bundled-command.md.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { rolldown, type RolldownOutput } from "rolldown";
import { writeNotices } from "./bundle/notices.ts";

/**
 * Loaded as the packages they are. The first three read what comes from the network: whoever must
 * replace one before we do, by `overrides`, replaces what runs. The others are seldom needed.
 */
const KEPT_APART = ["ws", "undici", "msgpackr", "echarts", "pino-pretty", "yaml"];

const ROOT = join(import.meta.dirname, "..");

await bundle(process.argv[2] ?? join(ROOT, "sidecar", "dist", "command"));

async function bundle(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const bundler = await rolldown({
    input: join(ROOT, "sidecar", "src", "cli", "main.ts"),
    platform: "node",
    resolve: { conditionNames: ["@banterwire/source", "require", "node", "default"] },
    external: [/^node:/, ...KEPT_APART.map((name) => new RegExp(`^${name}(/|$)`, "u"))],
    // A package is taken at its word when it is asked for a part; ours say what they do.
    treeshake: { moduleSideEffects: "no-external" },
  });
  const { output }: RolldownOutput = await bundler.write({
    dir: folder,
    // An ES module that imports a module of Node's has all of its exports read at each start.
    format: "cjs",
    entryFileNames: "main.cjs",
    chunkFileNames: "[name]-[hash].cjs",
    sourcemap: true,
  });
  await bundler.close();
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  await writeNotices(modules, join(folder, "THIRD-PARTY-LICENSES.txt"));
}
