import { defineConfig } from "vitest/config";

const SOURCE_CONDITION = "@banterwire/source";

/** What every project of tests shares. */
const common = {
  exclude: ["**/node_modules/**", "**/dist/**"],
  execArgv: [`--conditions=${SOURCE_CONDITION}`],
  pool: "forks" as const,
  testTimeout: 20_000,
  hookTimeout: 60_000,
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
