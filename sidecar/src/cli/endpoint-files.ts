import { X509Certificate } from "node:crypto";
import type { EndpointConfig } from "../config.ts";
import type { EndpointRow } from "../config/endpoint-rows.ts";
import type { Problem } from "../config/problem.ts";
import { authorization as authorizationKind, type Key, type Settings } from "../config/settings.ts";
import type { ValueSource } from "../config/source.ts";
import { type ReadFile, readBoundedFile, UnreadableError } from "./bounded-file.ts";

export interface EndpointsRead {
  readonly endpoints: readonly EndpointConfig[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

type FileKey = "authorizationFile" | "caFile";

const MAX_BYTES: Readonly<Record<FileKey, number>> = {
  authorizationFile: 65_536,
  caFile: 1_048_576,
};
const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.*?-----END [^-]*-----/gsu;

/** The endpoints, with what stands in the files that they name. */
export async function readEndpoints(
  settings: Settings,
  sources: Readonly<Record<Key, ValueSource>>,
): Promise<EndpointsRead> {
  const { endpoints: rows, ollama } = settings;
  const source = sources.endpoints;
  const problems = problemsOfTwins(settings, sources);
  const warnings: string[] = [];
  if (rows.length > 0 && ollama.length > 0) {
    const why = "there is `ollama` beside it: name them all in one of the two";
    problems.push({ key: "endpoints", source, why });
  }
  const endpoints: EndpointConfig[] = [];
  for (const [at, row] of rows.entries()) {
    // Without its path: somebody may have written there what was to stand in the file.
    const isWrong = (key: FileKey, why: string): void => {
      const where = `in the ${at + 1}. endpoint, the file that '${key}' names`;
      problems.push({ key: "endpoints", source, why: `${where}: ${why}` });
    };
    const { authorizationFile, caFile: _caFile, ...rest } = row;
    const header = await read(row, "authorizationFile", firstLine, isWrong);
    const ca = await read(row, "caFile", certificates, isWrong);
    if (header?.isWorldReadable === true) {
      warnings.push(`Every user of this machine can read ${authorizationFile}: chmod 600 it.`);
    }
    endpoints.push({ ...rest, authorization: header?.text, ca: ca?.text });
  }
  return { endpoints, problems, warnings };
}

/** The same model of the same Ollama twice: its slots would be counted twice. */
function problemsOfTwins(
  { endpoints, ollama, model: usual }: Settings,
  sources: Readonly<Record<Key, ValueSource>>,
): Problem[] {
  const rows = twinsIn(
    endpoints.map(({ url, model = usual }) => `${url} ${model?.replace(/:latest$/u, "")}`),
  );
  const urls = twinsIn(ollama);
  const why = "are the same model of the same Ollama: leave one out, or name another model";
  const problems: Problem[] = [];
  const tell = (key: "endpoints" | "ollama", which: string): void =>
    void problems.push({ key, source: sources[key], why: `${which} ${why}` });
  if (rows) tell("endpoints", `the ${rows[0] + 1}. and the ${rows[1] + 1}. endpoint`);
  if (urls) tell("ollama", `the ${urls[0] + 1}. and the ${urls[1] + 1}. URL`);
  return problems;
}

/** Where the first two that are alike stand. */
function twinsIn(names: readonly string[]): readonly [number, number] | undefined {
  const second = names.findIndex((name, at) => names.indexOf(name) < at);
  const name = names[second];
  return name === undefined ? undefined : [names.indexOf(name), second];
}

/**
 * Undefined if no file is named, or if something is wrong with it.
 * @param pick what is wanted of its text; throws an UnreadableError if that is not in it
 */
async function read(
  row: EndpointRow,
  key: FileKey,
  pick: (text: string) => string,
  isWrong: (key: FileKey, why: string) => void,
): Promise<ReadFile | undefined> {
  const path = row[key];
  if (path === undefined) return undefined;
  try {
    const file = await readBoundedFile(path, MAX_BYTES[key]);
    return { ...file, text: pick(file.text) };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    isWrong(key, error.message);
    return undefined;
  }
}

function firstLine(text: string): string {
  const parsed = authorizationKind.parse([text.split("\n")[0] ?? ""], "");
  if ("value" in parsed) return parsed.value;
  throw new UnreadableError(`in its first line, ${parsed.wrong}`);
}

/** Node would take whatever is no certificate for no certificate at all, and trust nobody. */
function certificates(text: string): string {
  const found = text.match(CERTIFICATE);
  if (!found) throw new UnreadableError("certificates in PEM are due, and there is none in it");
  const wrong = found.findIndex((pem) => !isCertificate(pem));
  if (wrong >= 0) throw new UnreadableError(`its ${wrong + 1}. certificate cannot be read`);
  return text;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
