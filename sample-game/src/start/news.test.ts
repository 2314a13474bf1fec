import { expect, test } from "vitest";
import type { SidecarStatus } from "../sidecar-status.ts";
import { news, NOTHING_TOLD, PATIENCE_MS, type Situation } from "./news.ts";

const page = "http://localhost:2567";
const trouble = {
  code: "model_missing",
  message: "The model 'x' is not installed.",
  remedy: "ollama pull x",
};

function status(endpoint: Partial<SidecarStatus["endpoints"][number]>): SidecarStatus {
  return {
    endpoints: [
      {
        url: "http://127.0.0.1:11434",
        kind: "ollama",
        engineVersion: "0.12.0",
        model: "gemma3:1b",
        state: "warm",
        trouble: null,
        warmTtftMs: 41.6,
        ...endpoint,
      },
    ],
  };
}

/** What is printed over a row of situations. */
function tell(situations: readonly Partial<Situation>[]): string[] {
  let told = NOTHING_TOLD;
  return situations.map((situation) => {
    const step = news(told, { page, status: undefined, upMs: 500, ...situation });
    told = step.told;
    return step.lines.join("\n");
  });
}

test("nothing is printed until the model is warm, then page, model and time", () => {
  const [first, loading, warm, later] = tell([
    { page: undefined },
    { status: status({ state: "loading", warmTtftMs: null }) },
    { status: status({}) },
    { status: status({}) },
  ]);
  expect([first, loading, later]).toEqual(["", "", ""]);
  expect(warm).toContain(page);
  expect(warm).toContain("gemma3:1b, served by Ollama at http://127.0.0.1:11434");
  expect(warm).toContain("first token in 42 ms");
});

test("trouble is told with its remedy, once, and the page is served all the same", () => {
  const down = { status: status({ state: "down", model: null, trouble }) };
  const [first, again] = tell([down, down]);
  expect(first).toContain(trouble.message);
  expect(first).toContain(trouble.remedy);
  expect(first).toContain(page);
  expect(first).toContain("authored lines");
  expect(again).toBe("");
});

test("a model that comes after the page is told of in one line", () => {
  const lines = tell([
    { upMs: PATIENCE_MS + 1, status: status({ state: "loading", warmTtftMs: null }) },
    { status: status({}) },
  ]);
  expect(lines[0]).toContain(page);
  expect(lines[1]?.split("\n")).toHaveLength(1);
  expect(lines[1]).toContain("gemma3:1b");
});

test("an Ollama that dies and comes back is told of both times", () => {
  const [, died, back] = tell([
    { status: status({}) },
    { status: status({ state: "down", trouble }) },
    { status: status({}) },
  ]);
  expect(died).toContain(trouble.message);
  expect(back).toContain("warm");
});

test("a model that is only looked at is neither gone nor back", () => {
  const looked = tell([
    { status: status({}) },
    { status: status({ state: "checking" }) },
    { status: status({}) },
  ]);
  expect(looked.slice(1)).toEqual(["", ""]);
});
