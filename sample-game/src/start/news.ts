import type { SidecarStatus } from "../sidecar-status.ts";

/** What is known of the tavern; each field is undefined until it is known. */
export interface Situation {
  /** Where the page is, once it is served. */
  readonly page: string | undefined;
  readonly status: SidecarStatus | undefined;
  readonly upMs: number;
}

/** What has been told so far, so that nothing is told twice. */
export interface Told {
  readonly trouble: string;
  readonly page: boolean;
  readonly isWarm: boolean;
}

export const NOTHING_TOLD: Told = { trouble: "", page: false, isWarm: false };

/** A page without a warm model is told of after so long, or as soon as there is trouble. */
export const PATIENCE_MS = 8_000;

const KINDS = { ollama: "Ollama", embedded: "the embedded engine" } as const;

/** The lines to print now, and what has then been told. */
export function news(
  told: Told,
  { page, status, upMs }: Situation,
): { readonly lines: readonly string[]; readonly told: Told } {
  const endpoint = status?.endpoints[0];
  // One that is being looked at is not being loaded anew.
  const isWarm = endpoint?.state === "warm" || (told.isWarm && endpoint?.state === "checking");
  const trouble = endpoint?.trouble
    ? `${endpoint.trouble.message}\n${endpoint.trouble.remedy}`
    : "";
  const lines: string[] = [];
  const next = { ...told };
  if (trouble !== told.trouble) {
    next.trouble = trouble;
    if (trouble !== "") lines.push(...warning(trouble));
  }
  if (isWarm) {
    if (told.page && !told.isWarm) lines.push(`  ✓ ${serving(endpoint)}`);
    next.isWarm = true;
  } else if (endpoint) {
    if (told.isWarm && trouble === "") lines.push("  … the model is being loaded again");
    next.isWarm = false;
  }
  if (!told.page && page !== undefined && (isWarm || trouble !== "" || upMs > PATIENCE_MS)) {
    next.page = true;
    lines.push("", `  Page   ${page}`);
    lines.push(isWarm ? `  Model  ${serving(endpoint)}` : "  Model  none yet");
    if (!isWarm) lines.push("         patrons speak their authored lines until one is warm");
    lines.push("", "  Open it in two tabs. Ctrl-C closes the tavern.", "");
  }
  return { lines, told: next };
}

function serving({ model, kind, url, warmTtftMs }: SidecarStatus["endpoints"][number]): string {
  const place = url === null ? KINDS[kind] : `${KINDS[kind]} at ${url}`;
  const pace =
    warmTtftMs === null ? "" : `, first token in ${Math.max(1, Math.round(warmTtftMs))} ms`;
  return `${model ?? "a model"}, served by ${place}, warm${pace}`;
}

/** A trouble with its remedy under it. */
export function warning(text: string): string[] {
  return text.split("\n").map((line, index) => (index === 0 ? `  ! ${line}` : `    ${line}`));
}
