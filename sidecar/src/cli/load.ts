import { dirname, resolve } from "node:path";
import { NO_CARDS } from "../config/card.ts";
import { ConfigError, type Problem } from "../config/problem.ts";
import { environmentLayer, flagLayer, type Layer, resolveSettings } from "../config/resolve.ts";
import type { Key, Settings } from "../config/settings.ts";
import type { ValueSource } from "../config/source.ts";
import type { SidecarConfig } from "../config.ts";
import { readBoundedFile, UnreadableError } from "./bounded-file.ts";
import { readCards } from "./cards-folder.ts";
import { readEndpoints } from "./endpoint-files.ts";
import type { Flags } from "./flags.ts";
import { readToken } from "./token.ts";

/** What a configuration is made of; the same for the start and for every reload. */
export interface ConfigInputs {
  readonly flags: Flags;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths of flags and environment begin. */
  readonly folder: string;
}

export interface LoadedConfig {
  readonly config: SidecarConfig;
  readonly settings: Settings;
  readonly sources: Readonly<Record<Key, ValueSource>>;
  /** What is allowed and yet unwise. */
  readonly warnings: readonly string[];
  /** Where a change may be one of the configuration. */
  readonly folders: readonly string[];
}

/**
 * Reads all of the configuration.
 * @throws ConfigError that names everything that is wrong with it
 */
export async function loadConfig(inputs: ConfigInputs): Promise<LoadedConfig> {
  const { flags, environment, folder } = inputs;
  const named = configFileOf(inputs);
  const file = named ? await readConfigFile(named) : NOTHING;
  const { settings, sources, problems } = resolveSettings([
    flagLayer(flags.settings, folder),
    environmentLayer(environment, folder),
    file.layer,
  ]);
  const { token, problem: tokenProblem, warning } = await readToken(settings, sources);
  const rows = await readEndpoints(settings, sources);
  const { cards, wrong } = settings.cards ? await readCards(settings.cards) : NO_CARDS_READ;
  const all = [
    ...file.problems,
    ...problems,
    ...(tokenProblem ? [tokenProblem] : unsafeBinding(settings, sources, token)),
    ...rows.problems,
    ...wrong.map((why) => ({ key: "cards", source: sources.cards, why })),
  ];
  if (all.length > 0) throw new ConfigError(all);
  const { tokenFile: _tokenFile, cards: cardsFolder, ...rest } = settings;
  return {
    config: { ...rest, token, cards, endpoints: rows.endpoints },
    settings,
    sources,
    warnings: [...(warning === undefined ? [] : [warning]), ...rows.warnings],
    folders: [...(named ? [dirname(named.path)] : []), ...(cardsFolder ? [cardsFolder] : [])],
  };
}

interface NamedFile {
  readonly path: string;
  readonly source: ValueSource;
}

interface FileRead {
  readonly layer: Layer;
  readonly problems: readonly Problem[];
}

const NOTHING: FileRead = { layer: new Map(), problems: [] };
const NO_CARDS_READ = { cards: NO_CARDS, wrong: [] };
const FILE_VARIABLE = "BANTERWIRE_CONFIG";
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/u;

/** The configuration file, if one was named. */
function configFileOf({ flags, environment, folder }: ConfigInputs): NamedFile | undefined {
  if (flags.config !== undefined) {
    return { path: resolve(folder, flags.config), source: { from: "flag", flag: "--config" } };
  }
  const written = environment[FILE_VARIABLE];
  if (written === undefined || written === "") return undefined;
  const source = { from: "environment", variable: FILE_VARIABLE } as const;
  return { path: resolve(folder, written), source };
}

async function readConfigFile({ path, source }: NamedFile): Promise<FileRead> {
  // Loaded where there is a file only: a reader of YAML takes 15 MB and 50 ms.
  const { fileLayer, MAX_CONFIG_FILE_BYTES } = await import("../config/file.ts");
  try {
    return fileLayer((await readBoundedFile(path, MAX_CONFIG_FILE_BYTES)).text, path);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const problem = { key: "config", value: path, source, why: error.message };
    return { ...NOTHING, problems: [problem] };
  }
}

function unsafeBinding(
  { host, socket }: Settings,
  sources: Readonly<Record<Key, ValueSource>>,
  token: string | undefined,
): readonly Problem[] {
  if (socket !== undefined || token !== undefined || LOOPBACK.test(host)) return [];
  const why =
    "without a token this would let anybody on the network in: set tokenFile or " +
    "BANTERWIRE_TOKEN, or listen on 127.0.0.1";
  return [{ key: "host", value: host, source: sources.host, why }];
}
