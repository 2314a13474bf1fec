import { defineConfig } from "vitest/config";

const SOURCE_CONDITION = "@banterwire/source";

export default defineConfig({
  resolve: { conditions: [SOURCE_CONDITION] },
  ssr: { resolve: { conditions: [SOURCE_CONDITION], externalConditions: [SOURCE_CONDITION] } },
  test: {
    include: ["*/src/**/*.test.ts", "test/**/*.test.ts", "tools/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    execArgv: [`--conditions=${SOURCE_CONDITION}`],
    pool: "forks",
    reporters: ["default", "./test/support/closing-lines.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
