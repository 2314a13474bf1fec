import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCsv } from "./csv.ts";
import { MeasuredCalls } from "./measured-calls.ts";
import { Random } from "./random.ts";
import { quantilesOf } from "./statistics.ts";

function callsOf(text: string): MeasuredCalls {
  const parsed = MeasuredCalls.parse(text);
  if ("wrong" in parsed) throw new Error(parsed.wrong);
  return parsed.calls;
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

const WORK = { promptTokens: 200, uncachedTokens: 30, tokens: 20, inFlight: 1 };

describe("parseCsv", () => {
  test("reads back whatever was quoted as it should be", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r\n", " ", "1") });
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 1 });
    fc.assert(
      fc.property(rows, (cells) => {
        const text = cells.map(([a, b]) => `${quoted(a)},${quoted(b)}\n`).join("");
        expect(parseCsv(`x,y\n${text}`)).toEqual(cells.map(([x, y]) => ({ x, y })));
      }),
    );
  });

  test("passes blank lines over and takes either line end", () => {
    expect(parseCsv("a,b\r\n1,2\r\n\r\n3,4")).toEqual([
      { a: "1", b: "2" },
      { a: "3", b: "4" },
    ]);
  });
});

describe("MeasuredCalls", () => {
  test("draws times with the quantiles of the file", () => {
    const rows = Array.from({ length: 500 }, (_, index) => `${20 + index * 0.4},${100 + index}`);
    const calls = callsOf(`ttft_ms,eval_ms\n${rows.join("\n")}`);
    const random = new Random(1, "test");
    const drawn = Array.from({ length: 20_000 }, () => calls.timesOf(WORK, random));
    const { p50, p95 } = quantilesOf(drawn.map(({ firstMs }) => firstMs));
    expect(Math.abs((p50 ?? 0) - 120)).toBeLessThan(4);
    expect(Math.abs((p95 ?? 0) - 210)).toBeLessThan(4);
    // A slow start keeps its slow rest.
    for (const { firstMs, decodeMs } of drawn) {
      expect(decodeMs).toBeCloseTo(100 + (firstMs - 20) / 0.4, 6);
    }
  });

  test("takes seconds for milliseconds", () => {
    const calls = callsOf(
      "ttft_s,load_s,prompt_eval_s,eval_s,error\n0.0742,0.0593,0.0149,2.9895,\n",
    );
    const times = calls.timesOf(WORK, new Random(1, "test"));
    expect(times.firstMs).toBeCloseTo(74.2);
    expect(times).toMatchObject({ loadMs: 59.3, prefillMs: 14.9 });
    expect(times.decodeMs).toBeCloseTo(2_989.5);
  });

  test("scales a reply whose tokens were counted to the line's", () => {
    const calls = callsOf("ttft_ms,eval_ms,eval_count\n100,3000,500\n");
    const times = calls.timesOf({ ...WORK, tokens: 20 }, new Random(1, "test"));
    expect(times).toMatchObject({ firstMs: 100, decodeMs: 120 });
  });

  test("leaves out calls that failed, that loaded the model, and that lack a time", () => {
    const rows = ["100,50,,", "900,50,800,", "100,50,,timeout", ",50,,", "100,0,,", "100,,,"];
    expect(callsOf(`ttft_ms,eval_ms,load_ms,error\n${rows.join("\n")}`).count).toBe(1);
  });

  test("draws a cached call for a cached prompt, and one from as many in flight, or nearly", () => {
    const calls = callsOf(
      "ttft_ms,eval_ms,cached,in_flight\n10,1,yes,1\n50,1,no,1\n20,1,yes,4\n80,1,no,4\n",
    );
    const first = (uncachedTokens: number, inFlight: number) =>
      calls.timesOf({ ...WORK, uncachedTokens, inFlight }, new Random(1, "test")).firstMs;
    expect([first(20, 1), first(200, 1), first(20, 3), first(200, 9)]).toEqual([10, 50, 20, 80]);
  });

  test.each([
    ["", /no rows/],
    ["eval_ms\n1\n", /time to the first token.*ttft_ms/],
    ["ttft_ms\n1\n", /eval_ms/],
    ["ttft_ms,eval_ms\n0,0\n", /none of its rows/],
  ])("says what is wrong with %j", (text, why) => {
    const parsed = MeasuredCalls.parse(text);
    expect("wrong" in parsed && parsed.wrong).toMatch(why);
  });
});
