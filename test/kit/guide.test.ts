import { readFileSync } from "node:fs";
import { type Mood, MOODS, OUTCOMES } from "@banterwire/sidecar/testing";
import { expect, test } from "vitest";

const guide = readFileSync(new URL("../../docs/guides/testing.md", import.meta.url), "utf8");

test("the guide shows the test that is run here", () => {
  const example = readFileSync(new URL("guide-example.test.ts", import.meta.url), "utf8");
  expect(guide).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the guide's table has every mood with its outcome", () => {
  for (const mood of Object.keys(MOODS) as Mood[]) {
    const { source, reason, metric } = OUTCOMES[mood];
    const why = metric === undefined ? "" : ` \`${metric}\``;
    const cells = [`\`${mood}\``, `${source}, ${reason}`, why.trim()];
    const row = new RegExp(`^\\| ${cells.map(escaped).join(" +\\| ")} +\\|$`, "mu");
    expect(guide).toMatch(row);
  }
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`);
}
