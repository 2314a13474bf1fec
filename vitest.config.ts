import { defineConfig } from "vitest/config";

const SOURCE_CONDITION = "@banterwire/source";

/** What every project of tests shares. */
const common = {
  exclude: ["**/node_modules/**", "**/dist/**"],
  execArgv: [`--conditions=${SOURCE_CONDITION}`],
  pool: "forks" as const,
  // Only to end what hangs: a machine that is busy with other things may take many times as long.
  testTimeout: 60_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 30_000, interval: 5 } },
};

export default defineConfig({
  resolve: { conditions: [SOURCE_CONDITION] },
  ssr: { resolve: { conditions: [SOURCE_CONDITION], externalConditions: [SOURCE_CONDITION] } },
  test: {
    reporters: ["default", "./test/support/closing-lines.ts"],
    projects: [
      {
        extends: true,
        test: {
          ...common,
          name: "unit",
          include: ["*/src/**/*.test.ts"],
          setupFiles: ["./test/support/property-seed.ts"],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real processes and real time: one file after another, so that none makes another late.
        extends: true,
        test: {
          ...common,
          name: "whole",
          include: ["test/**/*.test.ts", "tools/**/*.test.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
