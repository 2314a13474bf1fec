import { isIP } from "node:net";
import { resolve } from "node:path";
import { type Priority, PRIORITIES } from "@banterwire/protocol";
import { z } from "zod";
import type { Kind, Parsed } from "./kinds.ts";
import { parseOllamaHost } from "./ollama-host.ts";

/** More than one machine has; what stands behind one address may be many. */
export const MAX_SLOTS = 4_096;
/** Each of them is looked at for each cue. */
export const MAX_ENDPOINTS = 16;

const MAX_PATH_CHARS = 4_096;
const file = z.string().min(1).max(MAX_PATH_CHARS).optional();

const rowSchema = z.strictObject({
  url: z.string().transform((written, context) => {
    const origin = parseOllamaHost(written);
    if (written.trim() !== "" && origin !== undefined) return origin;
    context.addIssue("an address such as http://127.0.0.1:11434 is due");
    return z.NEVER;
  }),
  model: z
    .string()
    .regex(/^\S{1,256}$/u, "a model's name is due")
    .optional(),
  slots: z.int().min(1).max(MAX_SLOTS).optional(),
  serves: z
    .array(z.enum(PRIORITIES))
    .min(1)
    .default([...PRIORITIES]),
  characters: z.array(z.string().min(1).max(256)).max(1_024).default([]),
  resolve: z.literal("all", "`all` is due, or nothing").optional(),
  gpu: z
    .union([z.int().min(0), z.string().min(1).max(64)], "a GPU's number or name is due")
    .transform(String)
    .optional(),
  authorizationFile: file,
  caFile: file,
});

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

const ALLOWED =
  `at most ${MAX_ENDPOINTS} maps with \`url\`, and as wanted \`model\`, \`slots\`, \`serves\`, ` +
  "`characters`, `resolve`, `gpu`, `authorizationFile`, `caFile`";

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
    return rows.length <= MAX_ENDPOINTS ? firstTwice(rows) : { wrong: `${ALLOWED} are due` };
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

function whatIsWrong(at: number, { issues }: z.ZodError): string {
  const [issue] = issues;
  const path = issue?.path.join(".") ?? "";
  return `in the ${at + 1}. endpoint${path === "" ? "" : `, '${path}'`}: ${issue?.message ?? ALLOWED}`;
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

/** The same model of the same Ollama twice would share its slots unawares. */
function firstTwice(rows: readonly EndpointRow[]): Parsed<readonly EndpointRow[]> {
  const seen = new Set<string>();
  for (const { url, model } of rows) {
    const name = `${url} ${model ?? ""}`;
    if (seen.has(name)) return { wrong: `${name.trim()} is named twice` };
    seen.add(name);
  }
  return { value: rows };
}
