/**
 * The import law of this repository, and the check that enforces it: `npm run check:imports`.
 * What it reads: static and dynamic imports, re-exports, `import()` types, `require`, `require.resolve`
 * and `import.meta.resolve` with a literal specifier. A computed specifier is beyond it.
 */
import { dirname } from "node:path";
import { checkImports } from "./import-law/check.ts";

export type Law = typeof LAW;

const LAW = {
  /** Each package, and whose public entries it may import. Its own are always allowed. */
  packages: {
    protocol: [],
    sidecar: ["protocol"],
    "plugin-colyseus": ["protocol"],
    "embedded-ollama": [],
    "sample-game": ["plugin-colyseus"],
    test: ["protocol", "sidecar", "plugin-colyseus"],
    bench: ["protocol", "sidecar", "plugin-colyseus"],
    tools: [],
  } as Record<string, string[]>,

  /** Whose command a package may find, by resolving its package.json, to start it as a process. */
  commands: {
    sidecar: ["embedded-ollama"],
    "sample-game": ["sidecar"],
    test: ["sidecar", "embedded-ollama", "sample-game"],
    bench: ["sidecar", "embedded-ollama", "sample-game"],
  } as Record<string, string[]>,

  /** A file or folder directly in sidecar/src is a layer. It may import itself and the rows below its own. */
  sidecarRows: [
    ["index", "cli", "testing"],
    ["server", "simulate"],
    ["listener", "observe", "embedded", "place"],
    ["status"],
    ["connection"],
    ["outbox", "session"],
    ["line"],
    ["characters", "upstream"],
    ["policy"],
  ],

  /** Leaves of sidecar/src: every layer may import them, they import only leaves. */
  sidecarLeaves: ["chat", "config", "happening", "log", "start-error", "version"],

  /** Layers that are not for everybody above them. */
  sidecarReserved: [
    {
      layer: "embedded",
      importedBy: ["server", "cli"],
      why: "the others cannot tell it from any Ollama",
      remedy: "use the endpoint that the server hands in",
    },
    {
      layer: "observe",
      importedBy: ["server"],
      why: "the others tell what happens, and do not know who listens",
      remedy: "tell it to the `observe` that the server hands in; happening.ts has its type",
    },
  ],

  /** What it decides in virtual time is decided by the modules that decide it in production. */
  sidecarNarrow: {
    layer: "simulate",
    mayImport: ["policy"],
    why: "it plays the production policy, and has none of its own",
    remedy: "put what decides into policy/, where the sidecar uses it too",
  },

  /** These see an engine only through its interface; `server` alone knows which engine is in use. */
  sidecarEngine: {
    blind: ["connection", "outbox", "session", "line"],
    interface: "upstream/upstream.ts",
  },

  /** Pure: no I/O, no timers, no clock of its own, so that the simulator runs the same modules. */
  pure: {
    layers: ["policy", "chat"],
    mayImport: ["@banterwire/protocol"],
    forbiddenNames: [
      "setTimeout",
      "setInterval",
      "setImmediate",
      "queueMicrotask",
      "Date",
      "performance",
      "process",
      "fetch",
      "globalThis",
      "systemClock",
      "Math.random",
      "crypto",
      "console",
      "WebSocket",
      "AbortSignal.timeout",
      "Temporal",
    ],
  },
};

if (import.meta.main) {
  const violations = checkImports(dirname(import.meta.dirname), LAW);
  for (const { file, line, what, rule, remedy } of violations) {
    process.stderr.write(`${file}:${line}: ${what}\n  rule: ${rule}\n  remedy: ${remedy}\n`);
  }
  if (violations.length > 0) {
    process.stderr.write(`\nThe import law is broken in ${violations.length} place(s).\n`);
    process.exitCode = 1;
  }
}
