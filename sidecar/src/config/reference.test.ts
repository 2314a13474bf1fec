import { join } from "node:path";
import { expect, test } from "vitest";
import { fileKeyOf, flagOf, variableOf } from "./names.ts";
import { referencePage } from "./reference.ts";
import { KEYS } from "./settings.ts";

const PAGE = join(import.meta.dirname, "../../../docs/reference/configuration.md");

/** Written by `npx banterwire config reference > docs/reference/configuration.md`. */
test("docs/reference/configuration.md says what the table of settings says", async () => {
  await expect(referencePage()).toMatchFileSnapshot(PAGE);
});

test("every setting has its section, its flag and its variable there", () => {
  const page = referencePage();
  for (const key of KEYS) {
    expect(page).toContain(`\n### ${fileKeyOf(key)}\n`);
    expect(page).toContain(`\`${variableOf(key)}\``);
    expect(page).toContain(flagOf(key) ?? "no flag");
  }
});
