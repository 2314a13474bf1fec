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
const SIDECAR_NEVER_ASKS_THE_MODEL: Patch = {
  file: "sidecar/src/line.ts",
  from: "    if (upstream.unavailable !== undefined) return this.#fallBack",
  to: "    if (upstream.unavailable !== null) return this.#fallBack",
};

let build: ScratchBuild;

beforeAll(() => {
  build = new ScratchBuild();
});
afterAll(() => build.remove());

test(
  "the copy as it is passes the latency tests",
  async () => {
    expect(await build.run([], TESTS, ["plain", "overloaded"])).toEqual({
      plain: "passed",
      overloaded: "passed",
    });
  },
  RUN_WITHIN_MS,
);

test(
  "a build whose sidecar has no fallback fails them, although the client has one",
  async () => {
    const patches = [SIDECAR_SAYS_NO_FALLBACK];
    expect(await build.run(patches, TESTS, ["overloaded", "blackHole"])).toEqual({
      overloaded: "failed",
      blackHole: "failed",
    });
  },
  RUN_WITHIN_MS,
);

test(
  "a build without any fallback fails them",
  async () => {
    const patches = [SIDECAR_SAYS_NO_FALLBACK, CLIENT_SAYS_NO_FALLBACK];
    expect(await build.run(patches, TESTS, ["overloaded", "blackHole"])).toEqual({
      overloaded: "failed",
      blackHole: "failed",
    });
  },
  RUN_WITHIN_MS,
);

test(
  "a build that answers every cue by a fallback fails what they say of the model",
  async () => {
    const patches = [SIDECAR_NEVER_ASKS_THE_MODEL];
    expect(await build.run(patches, TESTS, ["plain", "overloaded"])).toEqual({
      plain: "failed",
      overloaded: "failed",
    });
  },
  RUN_WITHIN_MS,
);
