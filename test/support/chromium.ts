// This file makes suites for others, with titles and bodies that are handed in; the rules take it for a test.
/* oxlint-disable vitest/no-conditional-tests, vitest/valid-title, vitest/valid-describe-callback, vitest/expect-expect, vitest/no-disabled-tests */
import { existsSync } from "node:fs";
import { describe, test } from "vitest";

const KNOWN_PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Marks the suites that the closing lines of a test run count as browser tests. */
export const CHROMIUM_MARK = "[Chromium]";
export const HOW_TO_GET_CHROMIUM =
  "install Chromium (Debian and Ubuntu: apt-get install chromium), or set CHROMIUM_PATH to a Chromium or Chrome";

/** No network of its own, no first-run pages, no sandbox (CI runs as root). Give a new, empty user-data-dir as well. */
export const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The browser for the tests: CHROMIUM_PATH, else one in a usual place, else undefined. */
export function chromiumPath(): string | undefined {
  const named = process.env["CHROMIUM_PATH"];
  if (named !== undefined && named !== "") return existsSync(named) ? named : undefined;
  return KNOWN_PATHS.find((path) => existsSync(path));
}

/** A suite that needs a browser. Without one it is skipped, which the run's last lines say; in CI it fails. */
export function describeWithChromium(name: string, suite: () => void): void {
  const title = `${name} ${CHROMIUM_MARK}`;
  if (chromiumPath() !== undefined) {
    describe(title, suite);
  } else if (process.env["CI"] === "true") {
    test(title, () => {
      throw new Error(`No Chromium was found; in CI its tests must run: ${HOW_TO_GET_CHROMIUM}.`);
    });
  } else {
    describe.skip(title, suite);
  }
}
