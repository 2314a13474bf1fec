/** Writes SPEC.md's tables and the vectors: `node src/spec/write.ts`, from this package's folder. */
import { mkdirSync, writeFileSync } from "node:fs";
import { outputs } from "./outputs.ts";

for (const { url, text } of outputs()) {
  mkdirSync(new URL(".", url), { recursive: true });
  writeFileSync(url, text);
}
