import type { EndpointConfig } from "../config.ts";
import type { Problem } from "../config/problem.ts";
import { authorization as authorizationKind, type Key, type Settings } from "../config/settings.ts";
import type { ValueSource } from "../config/source.ts";
import { type ReadFile, readBoundedFile, UnreadableError } from "./bounded-file.ts";

export interface EndpointsRead {
  readonly endpoints: readonly EndpointConfig[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

const MAX_AUTHORIZATION_FILE_BYTES = 65_536;
const MAX_CA_FILE_BYTES = 1_048_576;

/** The endpoints, with what stands in the files that they name. */
export async function readEndpoints(
  { endpoints: rows, ollama }: Settings,
  sources: Readonly<Record<Key, ValueSource>>,
): Promise<EndpointsRead> {
  const source = sources.endpoints;
  const problems: Problem[] = [];
  const warnings: string[] = [];
  if (rows.length > 0 && ollama.length > 0) {
    const why = "there is `ollama` beside it: name them all in one of the two";
    problems.push({ key: "endpoints", source, why });
  }
  const read = async (
    path: string | undefined,
    maxBytes: number,
  ): Promise<ReadFile | undefined> => {
    try {
      return path === undefined ? undefined : await readBoundedFile(path, maxBytes);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      problems.push({ key: "endpoints", value: path ?? "", source, why: error.message });
      return undefined;
    }
  };
  const endpoints: EndpointConfig[] = [];
  for (const { authorizationFile, caFile, ...row } of rows) {
    const header = await read(authorizationFile, MAX_AUTHORIZATION_FILE_BYTES);
    const ca = await read(caFile, MAX_CA_FILE_BYTES);
    const authorization = header && firstLine(header.text);
    if (header && authorization === undefined) {
      const why = `in its first line, ${authorizationKind.allowed} is due`;
      problems.push({ key: "endpoints", value: authorizationFile ?? "", source, why });
    }
    if (header?.isWorldReadable === true) {
      warnings.push(`Every user of this machine can read ${authorizationFile}: chmod 600 it.`);
    }
    endpoints.push({ ...row, authorization, ca: ca?.text });
  }
  return { endpoints, problems, warnings };
}

function firstLine(text: string): string | undefined {
  const parsed = authorizationKind.parse([text.split("\n")[0] ?? ""], "");
  return "wrong" in parsed ? undefined : parsed.value;
}
