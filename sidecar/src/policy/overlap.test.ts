import { describe, expect, test } from "vitest";
import { isSpilled, overlapOf, type Settled } from "./overlap.ts";

const SHARED = "http://127.0.0.1:11434";
const FIRST: Settled = {
  machine: "this machine",
  gpu: undefined,
  origin: SHARED,
  expiresAt: "2318-11-21T00:00:00.000000001Z",
  bytes: 8_000,
  gpuBytes: 8_000,
};
const SECOND: Settled = {
  ...FIRST,
  origin: "http://127.0.0.1:11435",
  expiresAt: "2318-11-21T00:00:00.000000002Z",
};

describe("two endpoints", () => {
  test("that tell the same nanosecond are one process, wherever they seem to be", () => {
    const elsewhere = { ...SECOND, machine: "gpu.example", expiresAt: FIRST.expiresAt };
    expect(overlapOf(FIRST, elsewhere)).toBe("sameProcess");
  });

  test("that tell the same second may be two processes", () => {
    const exact = { expiresAt: "2026-11-21T07:00:00Z", machine: "b" };
    expect(overlapOf({ ...FIRST, ...exact }, { ...SECOND, ...exact, machine: "c" })).toBe(
      undefined,
    );
  });

  test("on one machine with GPU memory each may share a GPU, also where one has spilled", () => {
    expect(overlapOf(FIRST, SECOND)).toBe("sameGpu");
    expect(overlapOf(FIRST, { ...SECOND, gpuBytes: 4_000 })).toBe("sameGpu");
  });

  test("on one machine without any GPU share its cores", () => {
    expect(overlapOf({ ...FIRST, gpuBytes: 0 }, { ...SECOND, gpuBytes: 0 })).toBe("sameCpu");
  });

  test.each<[string, Partial<Settled>]>([
    ["are on two machines", { machine: "gpu.example" }],
    ["are nobody knows where", { machine: undefined }],
    ["are two models of one Ollama", { origin: SHARED }],
    ["have a GPU and none", { gpuBytes: 0 }],
    ["do not tell what they use", { gpuBytes: undefined }],
    ["are said to have a GPU each", { gpu: "1" }],
  ])("that %s share nothing that could be told", (_how, other) => {
    const first = { ...FIRST, gpu: other.gpu === undefined ? undefined : "0" };
    expect(overlapOf(first, { ...SECOND, ...other })).toBeUndefined();
  });

  test("of which one has no `gpu` may share the other's", () => {
    expect(overlapOf({ ...FIRST, gpu: "0" }, SECOND)).toBe("sameGpu");
    expect(overlapOf({ ...FIRST, gpu: "0" }, { ...SECOND, gpu: "0" })).toBe("sameGpu");
  });
});

test("a model has spilled where a part of it is in GPU memory, and not all", () => {
  expect(isSpilled({ ...FIRST, gpuBytes: 7_999 })).toBe(true);
  expect(isSpilled(FIRST)).toBe(false);
  expect(isSpilled({ ...FIRST, gpuBytes: 0 })).toBe(false);
});
