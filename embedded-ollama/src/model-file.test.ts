import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelNameOf, openModelFile, sameModel, SHIPPED_MODEL_PATH } from "./model-file.ts";

test.each([
  ["/models/banter-tiny.Q8_0.gguf", "banter-tiny:latest"],
  ["Qwen2.5-0.5B-Instruct-Q4_K_M.gguf", "qwen2.5-0.5b-instruct:latest"],
  ["my model.f16.GGUF", "my-model:latest"],
  [".gguf", "model:latest"],
])("%s is served as %s", (path, name) => {
  expect(modelNameOf(path)).toBe(name);
});

test("a model is found with or without its tag, in any case", () => {
  expect(sameModel("banter-tiny", "banter-tiny:latest")).toBe(true);
  expect(sameModel("Banter-Tiny:latest", "banter-tiny:latest")).toBe(true);
  expect(sameModel("banter-tiny:8b", "banter-tiny:latest")).toBe(false);
  expect(sameModel("banter", "banter-tiny:latest")).toBe(false);
});

test("the shipped model is there, under 10 MB, with a digest", async () => {
  const file = await openModelFile(SHIPPED_MODEL_PATH);
  expect(file.sizeBytes).toBeLessThan(10_000_000);
  expect(await file.digest()).toMatch(/^[0-9a-f]{64}$/);
});

test("a missing file and one that is no GGUF are told apart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "model-file-"));
  try {
    const path = join(folder, "text.gguf");
    await writeFile(path, "hi");
    await expect(openModelFile(path)).rejects.toMatchObject({ code: "model_unusable" });
    await expect(openModelFile(join(folder, "no"))).rejects.toMatchObject({
      code: "model_missing",
    });
    await expect(openModelFile(folder)).rejects.toMatchObject({ code: "model_missing" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
