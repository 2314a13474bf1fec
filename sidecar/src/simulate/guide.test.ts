import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { z } from "zod";
import { scenarioSchema } from "./scenario.ts";
import { readScenario } from "./scenario-file.ts";

const GUIDE = join(dirname(dirname(dirname(import.meta.dirname))), "docs", "guides", "capacity.md");
const text = readFileSync(GUIDE, "utf8");

test("the guide's scenarios are some", () => {
  const scenarios = Array.from(text.matchAll(/```yaml\n(.*?)```/gsu), ([, yaml = ""]) =>
    readScenario({ text: yaml, file: GUIDE }, []),
  );
  expect(scenarios).toMatchObject([
    { scenario: { players: 60, raids: [{ atSeconds: 300 }] } },
    { scenario: { players: 80, endpoints: [{ failures: [{ kind: "down" }] }, { slots: 2 }] } },
  ]);
});

test("the guide names every key of a scenario and of an endpoint", () => {
  const { shape } = scenarioSchema;
  const endpoint = shape.endpoints.unwrap().element;
  const latency = endpoint.shape.latency.unwrap();
  const keys = [shape, endpoint.shape, latency.shape].flatMap((one: z.ZodRawShape) =>
    Object.keys(one),
  );
  expect(keys.length).toBeGreaterThan(30);
  expect(keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
});
