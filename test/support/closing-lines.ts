import type { Reporter, SerializedError, TestModule } from "vitest/node";
import { CHROMIUM_MARK, HOW_TO_GET_CHROMIUM } from "./chromium.ts";

/** The last lines of a test run: browser tests that were skipped and why, then the counts on one plain line. */
export default class ClosingLines implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    process.stdout.write(closingLines(modules, unhandled.length));
  }
}

function closingLines(modules: readonly TestModule[], unhandled: number): string {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const count = (state: string): number =>
    tests.filter((test) => test.result().state === state).length;
  const browser = tests.filter(
    (test) => test.result().state === "skipped" && test.fullName.includes(CHROMIUM_MARK),
  ).length;
  const broken = modules.filter((module) => module.errors().length > 0).length + unhandled;
  const lines = [
    ...(browser > 0
      ? [`${browser} browser tests were skipped, for want of Chromium: ${HOW_TO_GET_CHROMIUM}.`]
      : []),
    ...(broken > 0 ? [`${broken} errors outside tests`] : []),
    `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`,
  ];
  return `\n${lines.join("\n")}\n`;
}
