import { describe, expect, test } from "vitest";
import { DEFAULT_OPTIONS, parseChat, parseGenerate, parseShow, RequestError } from "./requests.ts";

const chat = (more: object): ReturnType<typeof parseChat> => parseChat({ model: "m", ...more });

function refusalOf(body: unknown): string {
  try {
    parseChat(body);
  } catch (error) {
    if (error instanceof RequestError && error.status === 400) return error.message;
    throw error;
  }
  throw new Error("the request was accepted");
}

describe("a chat request", () => {
  test("streams and truncates unless it says otherwise, with the default options", () => {
    const request = chat({ messages: [{ role: "user", content: "Hi" }] });
    expect(request).toMatchObject({ stream: true, truncate: true, options: DEFAULT_OPTIONS });
    expect(request.keepAlive).toBeUndefined();
  });

  test("without a model is refused in Ollama's words", () => {
    expect(refusalOf({ messages: [] })).toBe("model is required");
  });

  test.each([
    [{ model: "m", messages: [{ role: "player", content: "x" }] }, "messages.0.role"],
    [{ model: "m", options: { temperature: "hot" } }, "options.temperature"],
    [{ model: "m", options: { top_p: 2 } }, "options.top_p"],
    [{ model: "m", options: { stop: "x".repeat(1_000) } }, "options.stop"],
    [{ model: "m", keep_alive: "5" }, "keep_alive"],
    [{ model: "m", tools: [{}] }, "tool calling is not supported"],
    [{ model: "m", format: "json" }, "structured output is not supported"],
    [["no object"], "the body"],
    [null, "the body"],
  ])("%j is refused and the message names %s", (body, named) => {
    expect(refusalOf(body)).toContain(named);
  });

  test("unknown options and an empty list of tools do no harm", () => {
    expect(chat({ tools: [], options: { mirostat: 2, num_gpu: 1 } }).messages).toEqual([]);
  });

  test("one stop string is a list of one", () => {
    expect(chat({ options: { stop: "\n" } }).options.stop).toEqual(["\n"]);
  });
});

describe("keep_alive", () => {
  test.each([
    [-1, { kind: "forever" }],
    ["-1m", { kind: "forever" }],
    [1e300, { kind: "forever" }],
    [0, { kind: "for", ms: 0 }],
    ["0s", { kind: "for", ms: 0 }],
    [90, { kind: "for", ms: 90_000 }],
    ["1h30m", { kind: "for", ms: 5_400_000 }],
    ["1.5s", { kind: "for", ms: 1_500 }],
  ])("%j means %j", (value, expected) => {
    expect(chat({ keep_alive: value }).keepAlive).toEqual(expected);
  });
});

test("a generate request is a chat of its system text and its prompt", () => {
  expect(parseGenerate({ model: "m", prompt: "Hi", system: "S" }).messages).toEqual([
    { role: "system", content: "S" },
    { role: "user", content: "Hi" },
  ]);
  expect(parseGenerate({ model: "m", system: "S" }).messages).toEqual([]);
});

test("show takes the model's name from either field", () => {
  expect(parseShow({ name: "m" })).toBe("m");
  expect(() => parseShow({})).toThrow("model is required");
});
