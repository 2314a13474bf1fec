import { isIP } from "node:net";
import { resolve } from "node:path";
import { type Priority, PRIORITIES } from "@banterwire/protocol";
import { z } from "zod";
import type { Kind } from "./kinds.ts";
import { nearest } from "./nearest.ts";
import { parseOllamaHost } from "./ollama-host.ts";
import { shownValue } from "./problem.ts";

/** More than one machine has; what stands behind one address may be many. */
export const MAX_SLOTS = 4_096;
/** Each of them is looked at for each cue. */
export const MAX_ENDPOINTS = 16;

const MAX_PATH_CHARS = 4_096;
const KEYS = [
  "url",
  "model",
  "slots",
  "serves",
  "characters",
  "resolve",
  "gpu",
  "authorizationFile",
  "caFile",
] as const;
/** What somebody may have written in place of the key that names its file. */
const FILE_KEYS = new Map([
  ["authorization", "authorizationFile"],
  ["ca", "caFile"],
]);

const DUE = {
  row: "a map with `url` is due",
  url: "an address such as http://127.0.0.1:11434 is due",
  model: "a model's name such as gemma3:1b is due",
  slots: `a whole number from 1 to ${MAX_SLOTS} is due`,
  serves: `a list with some of ${PRIORITIES.join(", ")} is due`,
  characters: "a list of at most 1,024 ids of characters is due",
  resolve: "`all` is due, or nothing",
  gpu: "a GPU's number or name is due",
  file: "a path is due",
};

const file = z.string(DUE.file).min(1, DUE.file).max(MAX_PATH_CHARS, DUE.file).optional();
const character = z.string(DUE.characters).min(1, DUE.characters).max(256, DUE.characters);

const rowSchema = z.strictObject(
  {
    url: z.string(DUE.url).transform((written, context) => {
      const parsed = written.trim() === "" ? { wrong: DUE.url } : parseOllamaHost(written);
      if ("value" in parsed) return parsed.value;
      context.addIssue(parsed.wrong);
      return z.NEVER;
    }),
    model: z
      .string(DUE.model)
      .regex(/^\S{1,256}$/u, DUE.model)
      .optional(),
    slots: z.int(DUE.slots).min(1, DUE.slots).max(MAX_SLOTS, DUE.slots).optional(),
    serves: z
      .array(z.enum(PRIORITIES, DUE.serves), DUE.serves)
      .min(1, DUE.serves)
      .default([...PRIORITIES]),
    characters: z.array(character, DUE.characters).max(1_024, DUE.characters).default([]),
    resolve: z.literal("all", DUE.resolve).optional(),
    gpu: z
      .union([z.int().min(0), z.string().min(1).max(64)], DUE.gpu)
      .transform(String)
      .optional(),
    authorizationFile: file,
    caFile: file,
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? unknownKey(issue.keys) : DUE.row) },
);

/** One Ollama with one model, as a configuration names it. */
export interface EndpointRow {
  readonly url: string;
  readonly model?: string | undefined;
  /** Where it is not named, that of all. */
  readonly slots?: number | undefined;
  readonly serves: readonly Priority[];
  readonly characters: readonly string[];
  /** `all`: each address that the name in the URL stands for is an endpoint of its own. */
  readonly resolve?: "all" | undefined;
  /** Which one it has to itself, for people: endpoints of one machine with different ones share none. */
  readonly gpu?: string | undefined;
  readonly authorizationFile?: string | undefined;
  readonly caFile?: string | undefined;
}

const ALLOWED = `at most ${MAX_ENDPOINTS} maps with \`url\`, and as wanted ${KEYS.slice(1)
  .map((key) => `\`${key}\``)
  .join(", ")}`;

/** Each text is a map in JSON, or a list of such maps. */
export const endpointRows: Kind<readonly EndpointRow[]> = {
  placeholder: "JSON",
  allowed: ALLOWED,
  holdsMany: true,
  parse(written, folder) {
    const rows: EndpointRow[] = [];
    for (const [at, map] of mapsIn(written).entries()) {
      const parsed = rowSchema.safeParse(map);
      if (!parsed.success) return { wrong: whatIsWrong(at, parsed.error) };
      if (parsed.data.resolve === "all" && isAddress(parsed.data.url)) {
        const why = "it has an address and no name that could stand for several";
        return { wrong: `in the ${at + 1}. endpoint, 'resolve': ${why}` };
      }
      rows.push(withPaths(parsed.data, folder));
    }
    return rows.length <= MAX_ENDPOINTS ? { value: rows } : { wrong: `${ALLOWED} are due` };
  },
};

function mapsIn(written: readonly string[]): unknown[] {
  return written.flatMap((text) => {
    try {
      const value: unknown = JSON.parse(text);
      return Array.isArray(value) ? (value as unknown[]) : [value];
    } catch {
      return [text];
    }
  });
}

function isAddress(url: string): boolean {
  return isIP(new URL(url).hostname.replace(/^\[|\]$/gu, "")) !== 0;
}

/** Without any of what was written, in which there may be a secret. */
function whatIsWrong(at: number, { issues }: z.ZodError): string {
  const [issue] = issues;
  const key = issue?.path[0];
  const where = key === undefined ? "" : `, '${String(key)}'`;
  return `in the ${at + 1}. endpoint${where}: ${issue?.message ?? DUE.row}`;
}

function unknownKey([written = ""]: readonly string[]): string {
  const meant = FILE_KEYS.get(written);
  if (meant !== undefined) {
    return `there is no key '${written}': put it into a file, and name that with '${meant}'`;
  }
  const near = nearest(written, KEYS);
  const hint = near === undefined ? `there are ${KEYS.join(", ")}` : `the nearest is '${near}'`;
  return `there is no key '${shownValue([written], false)}'; ${hint}`;
}

function withPaths(row: z.infer<typeof rowSchema>, folder: string): EndpointRow {
  const { authorizationFile, caFile } = row;
  return {
    ...row,
    ...(authorizationFile !== undefined && {
      authorizationFile: resolve(folder, authorizationFile),
    }),
    ...(caFile !== undefined && { caFile: resolve(folder, caFile) }),
  };
}
