import type { Reporter, SerializedError, TestModule } from "vitest/node";
import { CHROMIUM_MARK, chromiumPath, HOW_TO_GET_CHROMIUM } from "./chromium.ts";
import { hasPrometheus, HOW_TO_GET_PROMETHEUS, PROMETHEUS_MARK } from "./prometheus.ts";

/** What some suites need that a machine may not have. */
const NEEDS = [
  {
    what: "browser tests",
    mark: CHROMIUM_MARK,
    lack: "Chromium",
    isThere: () => chromiumPath() !== undefined,
    howToGet: HOW_TO_GET_CHROMIUM,
  },
  {
    what: "Prometheus tests",
    mark: PROMETHEUS_MARK,
    lack: "Prometheus",
    isThere: hasPrometheus,
    howToGet: HOW_TO_GET_PROMETHEUS,
  },
] as const;

/** The last lines of a test run: tests that were skipped and why, then the counts on one plain line. */
export default class ClosingLines implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    process.stdout.write(closingLines(modules, unhandled.length));
  }
}

function closingLines(modules: readonly TestModule[], unhandled: number): string {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const count = (state: string): number =>
    tests.filter((test) => test.result().state === state).length;
  const skipped = tests.filter((test) => test.result().state === "skipped");
  const skips = NEEDS.flatMap(({ what, mark, lack, isThere, howToGet }) => {
    const number = skipped.filter(({ fullName }) => fullName.includes(mark)).length;
    // Tests that a name was filtered for count as skipped, too.
    if (number === 0 || isThere()) return [];
    return [`${number} ${what} were skipped, for want of ${lack}: ${howToGet}.`];
  });
  const broken = modules.filter((module) => module.errors().length > 0).length + unhandled;
  const lines = [
    ...skips,
    ...(broken > 0 ? [`${broken} errors outside tests`] : []),
    `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`,
  ];
  return `\n${lines.join("\n")}\n`;
}
