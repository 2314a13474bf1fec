import { readFile, stat } from "node:fs/promises";

/** The file cannot be read; the message says why, without its path. */
export class UnreadableError extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(why, options);
    this.name = "UnreadableError";
  }
}

export interface ReadFile {
  readonly text: string;
  /** Whether every user of the machine can read it. */
  readonly isWorldReadable: boolean;
}

/**
 * Reads a regular file.
 * @throws UnreadableError
 */
export async function readBoundedFile(path: string, maxBytes: number): Promise<ReadFile> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new UnreadableError("it is no file");
    if (stats.size > maxBytes) throw new UnreadableError(`it has more than ${maxBytes} bytes`);
    const text = await readFile(path, "utf8");
    return { text, isWorldReadable: (stats.mode & WORLD_READABLE) !== 0 };
  } catch (error) {
    throw error instanceof UnreadableError ? error : unreadable(error);
  }
}

export function unreadable(cause: unknown): UnreadableError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const message = cause instanceof Error ? cause.message : String(cause);
  return new UnreadableError(WORDS[code] ?? message, { cause });
}

const WORLD_READABLE = 0o004;
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "it may not be read",
  ENOTDIR: "it is no folder",
};
