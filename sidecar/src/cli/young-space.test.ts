import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { expect, test } from "vitest";

const MODULE = pathToFileURL(join(import.meta.dirname, "young-space.ts")).href;

/** How large the space becomes in a process whose objects live for a few turns of the loop, bytes. */
function youngBytesAfterWork(before: string): number {
  const script = `
    import { getHeapSpaceStatistics } from "node:v8";
    ${before}
    const living = [];
    let most = 0;
    for (let turn = 0; turn < 400; turn++) {
      for (let index = 0; index < 4_000; index++) {
        living[(turn % 20) * 4_000 + index] = { turn, index, text: "line " + turn + index };
      }
      await new Promise(setImmediate);
      const { space_size } = getHeapSpaceStatistics().find((one) => one.space_name === "new_space");
      most = Math.max(most, space_size);
    }
    console.log(most);`;
  const args = ["--input-type=module", "--disable-warning=ExperimentalWarning", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return Number(stdout);
}

test("the space for young objects grows to its bound, and not as far as V8 would have it", () => {
  const free = youngBytesAfterWork("");
  const bounded = youngBytesAfterWork(
    `import { boundYoungSpace } from ${JSON.stringify(MODULE)}; boundYoungSpace();`,
  );
  expect(free).toBeGreaterThan(20_000_000);
  expect(bounded).toBeGreaterThan(4_000_000);
  // One growth may come before its collection is told of.
  expect(bounded).toBeLessThan(20_000_000);
});
