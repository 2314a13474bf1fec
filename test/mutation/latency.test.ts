import { afterAll, beforeAll, expect, test } from "vitest";
import { type Patch, ScratchBuild } from "./scratch-build.ts";

const TESTS = "test/latency/moods.test.ts";
/** Each run starts a test runner and waits for lines that never come. */
const RUN_WITHIN_MS = 600_000;

const SIDECAR_SAYS_NO_FALLBACK: Patch = {
  file: "sidecar/src/line.ts",
  from: '  #fallBack(reason: Reason): void {\n    if (this.#state.name !== "waiting") return;\n',
  to: "  #fallBack(reason: Reason): void {\n    if (reason) return;\n",
};
const CLIENT_SAYS_NO_FALLBACK: Patch = {
  file: "protocol/src/client/open-line.ts",
  from: '  fallBack(reason: Reason): void {\n    if (this.#state.name === "ended") return;\n',
  to: "  fallBack(reason: Reason): void {\n    if (reason) return;\n",
};
/** But for the cue that opens a tavern: what is to fail is what the tests say of the model. */
const SIDECAR_NEVER_ASKS_THE_MODEL: Patch = {
  file: "sidecar/src/line.ts",
  from: "    if (upstream.unavailable !== undefined) return this.#fallBack",
  to: '    if (cue.said !== "Good evening.") return this.#fallBack',
};

/** The test had its lines, and says what is wrong with them. */
const ASSERTED = /^AssertionError/u;
const NO_LINE = /^Error: Timed out in waitUntil/u;
/** Who spoke, or what the operator's series would have gained by the model's answer. */
const OF_THE_MODEL =
  /^AssertionError: .*(source: 'model'|\[ 1, \+?0 \] to deeply equal \[ 1, 1 \])/u;

const failed = (why: RegExp): object => ({
  status: "failed",
  failures: [expect.stringMatching(why)],
});

let build: ScratchBuild;

beforeAll(() => {
  build = new ScratchBuild();
});
afterAll(() => build.remove());

test(
  "the copy as it is passes the latency tests",
  async () => {
    const passed = { status: "passed", failures: [] };
    expect(await build.run([], TESTS, ["plain", "overloaded"])).toEqual({
      plain: passed,
      overloaded: passed,
    });
  },
  RUN_WITHIN_MS,
);

test(
  "a build whose sidecar has no fallback fails them, although the client has one",
  async () => {
    const patches = [SIDECAR_SAYS_NO_FALLBACK];
    expect(await build.run(patches, TESTS, ["overloaded", "blackHole"])).toEqual({
      overloaded: failed(ASSERTED),
      blackHole: failed(ASSERTED),
    });
  },
  RUN_WITHIN_MS,
);

test(
  "a build without any fallback leaves them without a line",
  async () => {
    const patches = [SIDECAR_SAYS_NO_FALLBACK, CLIENT_SAYS_NO_FALLBACK];
    expect(await build.run(patches, TESTS, ["overloaded", "blackHole"])).toEqual({
      overloaded: failed(NO_LINE),
      blackHole: failed(NO_LINE),
    });
  },
  RUN_WITHIN_MS,
);

test(
  "a build that answers every cue by a fallback fails what they say of the model",
  async () => {
    const patches = [SIDECAR_NEVER_ASKS_THE_MODEL];
    expect(await build.run(patches, TESTS, ["plain", "overloaded"])).toEqual({
      plain: failed(OF_THE_MODEL),
      overloaded: failed(OF_THE_MODEL),
    });
  },
  RUN_WITHIN_MS,
);
