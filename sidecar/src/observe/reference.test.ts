import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { sidecarStatus } from "../status.ts";
import { type MetricRow, METRICS } from "./metric-table.ts";

/** The pages are written by `npx vitest run sidecar/src/observe/reference.test.ts -u`. */
const PAGES = join(import.meta.dirname, "..", "..", "..", "docs", "reference");

test("docs/reference/metrics.md says what the table of metrics says", async () => {
  await expect(metricsPage()).toMatchFileSnapshot(join(PAGES, "metrics.md"));
});

test("docs/reference/status.md says what the shape of /status says", async () => {
  await expect(statusPage()).toMatchFileSnapshot(join(PAGES, "status.md"));
});

const WRITTEN_BY =
  "<!-- Written by sidecar/src/observe/reference.test.ts from the code's own tables: change those, then run that test with `-u`. -->";

function metricsPage(): string {
  const metrics = Object.entries<MetricRow>(METRICS).map(
    ([name, { type, help, labels, buckets, isFed = true }]) =>
      [
        `## \`${name}\``,
        "",
        `${type.charAt(0).toUpperCase()}${type.slice(1)}. ${help}${isFed ? "" : " Nothing counts them yet."}`,
        ...(labels || buckets ? [""] : []),
        ...Object.entries(labels ?? {}).map(
          ([label, values]) => `- \`${label}\`: ${named(values)}`,
        ),
        ...(buckets ? [`- buckets: ${buckets.join(", ")}`] : []),
      ].join("\n"),
  );
  return `# Metrics

${WRITTEN_BY}

\`/metrics\` on the sidecar's port answers in Prometheus's text format. Names and units follow [OpenTelemetry's conventions](https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/) where they have one; the others begin with \`banterwire_\`. Counters count from the sidecar's start. No label holds what a game, a player or an engine says: each has the values below and no others.

Both hit rates, over the last five minutes:

\`\`\`promql
sum(rate(banterwire_model_hits_total[5m])) / sum(rate(banterwire_cues_total[5m]))
sum(rate(banterwire_any_line_hits_total[5m])) / sum(rate(banterwire_cues_total[5m]))
\`\`\`

${metrics.join("\n\n")}
`;
}

function named(values: readonly string[]): string {
  return values.map((value) => `\`${value}\``).join(", ");
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

function statusPage(): string {
  const schema = z.toJSONSchema(sidecarStatus) as Schema;
  return `# Status

${WRITTEN_BY}

The sidecar answers these with JSON, on the port that games connect to. They need no token and tell nothing that a game or a player said.

- \`/healthz\`: 200 while the process lives.
- \`/readyz\`: 200 when lines come from a model, which is when an endpoint is \`warm\`; else 503. \`{"ready": false, "state": "down", "trouble": {...}}\`, with \`state\` and \`trouble\` as below.
- \`/status\`: the sidecar's books, as below. \`/metrics\` has the same and more for Prometheus: [Metrics](metrics.md).

## \`/status\`

${fieldsOf(schema, "").join("\n")}
`;
}

/** Of an object, or of those that a list holds. */
function fieldsOf({ properties, items }: Schema, indent: string): string[] {
  return Object.entries(properties ?? items?.properties ?? {}).flatMap(([name, field]) => {
    const what = field.description ?? "";
    const nested = field.anyOf?.find(({ properties }) => properties) ?? field;
    const line = `${indent}- \`${name}\` (${typeOf(field)}): ${what}`;
    return [line].concat(fieldsOf(nested, `${indent}  `));
  });
}

function typeOf({ type, enum: options, anyOf }: Schema): string {
  if (anyOf) return anyOf.map(typeOf).join(" or ");
  return options ? named(options) : [type ?? ""].flat().join(" or ");
}
