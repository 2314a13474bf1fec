import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { oldGrowthPercent } from "./heap-growth.ts";

const MODULE = pathToFileURL(join(import.meta.dirname, "heap-growth.ts")).href;

/** What a script prints, in a process of its own. */
function printedBy(script: string, ...flags: string[]): unknown {
  const args = ["--input-type=module", "--disable-warning=ExperimentalWarning", "-e"];
  const imports = `import { governHeapGrowth } from ${JSON.stringify(MODULE)};
    import { setTimeout as sleep } from "node:timers/promises";
    import { getHeapSpaceStatistics } from "node:v8";`;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, ...args, imports + script], {
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

/** The most that the space for young objects takes where they live for a few turns of the loop. */
function youngBytesAfterWork(before: string): unknown {
  return printedBy(`
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
    console.log(most);`);
}

test("the space for young objects grows to its bound, and not as far as V8 would have it", () => {
  const governed = youngBytesAfterWork("governHeapGrowth();");
  expect(youngBytesAfterWork("")).toBeGreaterThan(20_000_000);
  expect(governed).toBeGreaterThan(4_000_000);
  // One growth may come before its collection is told of.
  expect(governed).toBeLessThan(20_000_000);
});

test("what old objects may grow by is said at the start, and after each look through them", () => {
  const script = `
    const percents = [];
    governHeapGrowth((flag) => {
      const [, percent] = /^--heap-growing-percent=([0-9]+)$/u.exec(flag) ?? [];
      if (percent !== undefined) percents.push(Number(percent));
    });
    const living = [];
    for (const entries of [2_000_000, 10_000_000]) {
      living.push(Array.from({ length: entries }, (_, index) => index));
      gc();
      await sleep(50);
    }
    console.log(JSON.stringify(percents));`;
  const percents = printedBy(script, "--expose-gc") as number[];
  expect([percents.at(0), percents.at(-1)]).toEqual([300, 0]);
  expect(percents.some((percent) => percent > 50 && percent < 300)).toBe(true);
});

test("what lives has room up to the least bound; a heap that is larger is V8's business", () => {
  expect([8e6, 16e6, 32e6, 50e6, 60e6, 1e9].map(oldGrowthPercent)).toEqual([
    300, 300, 100, 28, 0, 0,
  ]);
});
