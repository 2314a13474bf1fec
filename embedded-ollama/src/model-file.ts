import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { reasonOf, StartupError } from "./startup-error.ts";

export const SHIPPED_MODEL_PATH = fileURLToPath(
  new URL("../models/banter-tiny.Q8_0.gguf", import.meta.url),
);

const GGUF_MAGIC = "GGUF";

export interface ModelFile {
  readonly path: string;
  /** As Ollama names it, with a tag: `banter-tiny:latest`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** Lower-case hexadecimal SHA-256; hashed once, on first need, because a large file takes seconds. */
  digest(): Promise<string>;
}

/** Throws `StartupError` when the file is missing, unreadable or plainly not a GGUF. */
export async function openModelFile(path: string): Promise<ModelFile> {
  const { sizeBytes, modifiedAt } = await inspect(path);
  let digest: Promise<string> | undefined;
  return {
    path,
    name: modelNameOf(path),
    sizeBytes,
    modifiedAt,
    digest: () => (digest ??= sha256(path)),
  };
}

async function inspect(path: string): Promise<{ sizeBytes: number; modifiedAt: Date }> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new Error("it is not a file");
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(GGUF_MAGIC.length), 0, 4, 0);
      if (buffer.toString("latin1", 0, bytesRead) !== GGUF_MAGIC) throw notGguf(path);
    } finally {
      await file.close();
    }
    return { sizeBytes: info.size, modifiedAt: info.mtime };
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(
      "model_missing",
      `The model file ${path} cannot be read: ${reasonOf(error)}.`,
      "Give the path of a GGUF file with --model, or leave --model out to serve the model that is shipped.",
      error,
    );
  }
}

function notGguf(path: string): StartupError {
  return new StartupError(
    "model_unusable",
    `${path} is not a GGUF file: its first four bytes are not "${GGUF_MAGIC}".`,
    "Copy or download the file again, or leave --model out to serve the model that is shipped.",
  );
}

/** `models/Banter-Tiny.Q8_0.gguf` is served as `banter-tiny:latest`: the quantisation is not part of the name. */
export function modelNameOf(path: string): string {
  const stem = basename(path).replace(/\.gguf$/i, "");
  const bare = stem.replace(/[._-](?:i?q\d\w*|bf16|f16|f32)$/i, "");
  const name = bare
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+/, "");
  return `${name || "model"}:latest`;
}

/** Ollama's rule: a name without a tag means `:latest`, and case does not matter. */
export function sameModel(requested: string, served: string): boolean {
  const name = requested.toLowerCase();
  return name === served || `${name}:latest` === served;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
