import { fileKeyOf } from "../config/names.ts";
import type { Problem } from "../config/problem.ts";
import { type Key, type Settings, token as tokenKind } from "../config/settings.ts";
import type { ValueSource } from "../config/source.ts";
import { readBoundedFile, UnreadableError } from "./bounded-file.ts";

export interface TokenRead {
  readonly token?: string | undefined;
  readonly problem?: Problem;
  readonly warning?: string;
}

const MAX_TOKEN_FILE_BYTES = 65_536;
const RANKS = { flag: 3, environment: 2, file: 1, default: 0 } as const;

/** The token itself, or the first line of its file: whichever was told by the stronger source. */
export async function readToken(
  { token, tokenFile }: Settings,
  sources: Readonly<Record<Key, ValueSource>>,
): Promise<TokenRead> {
  const source = sources.tokenFile;
  const lead = RANKS[source.from] - RANKS[sources.token.from];
  if (tokenFile === undefined || (token !== undefined && lead < 0)) return { token };
  const problem = { key: fileKeyOf("tokenFile"), value: tokenFile, source };
  if (token !== undefined && lead === 0) {
    const why = "there is a token beside it: set only one of the two";
    return { token, problem: { ...problem, why } };
  }
  try {
    const { text, isWorldReadable } = await readBoundedFile(tokenFile, MAX_TOKEN_FILE_BYTES);
    const parsed = tokenKind.parse([text.split("\n")[0] ?? ""], "");
    if ("wrong" in parsed) {
      return { problem: { ...problem, why: `in its first line, ${parsed.wrong}` } };
    }
    if (!isWorldReadable) return { token: parsed.value };
    const warning = `Every user of this machine can read ${tokenFile}: chmod 600 it.`;
    return { token: parsed.value, warning };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { problem: { ...problem, why: error.message } };
  }
}
