import { LIMITS } from "@banterwire/protocol";
import { describe, expect, test } from "vitest";
import { parseCard } from "./card.ts";

const MIRA = {
  id: "mira",
  name: "Mira",
  persona: "You are Mira, who keeps the bar.",
  fallbacks: ["One moment."],
};

function wrongOf(card: object): string[] {
  const parsed = parseCard(JSON.stringify(card));
  return "wrong" in parsed ? parsed.wrong : [];
}

describe("a card", () => {
  test("is read from JSON, with closers or without", () => {
    expect(parseCard(JSON.stringify(MIRA))).toEqual({ card: { ...MIRA, closers: undefined } });
    const talker = { ...MIRA, closers: ["Well."] };
    expect(parseCard(JSON.stringify(talker))).toEqual({ card: talker });
    const moody = { ...talker, options: { temperature: 0.9, num_ctx: 4_096, use_mmap: false } };
    expect(parseCard(JSON.stringify(moody))).toEqual({ card: moody });
  });

  test.each<[string, object, RegExp]>([
    ["no fallback", { ...MIRA, fallbacks: [] }, /^fallbacks: /u],
    ["no persona", { ...MIRA, persona: undefined }, /^persona: /u],
    ["an empty id", { ...MIRA, id: "" }, /^id: /u],
    ["a number for a name", { ...MIRA, name: 7 }, /^name: /u],
    ["an unknown field", { ...MIRA, perosna: "x" }, /perosna/u],
    [
      "a fallback of bytes beyond its bound",
      { ...MIRA, fallbacks: ["ok", "é".repeat(257)] },
      /^fallbacks\.1: at most 512 bytes/u,
    ],
    [
      "a persona beyond its bound",
      { ...MIRA, persona: "x".repeat(LIMITS.MAX_PERSONA_BYTES + 1) },
      /^persona: at most 8192 bytes/u,
    ],
    [
      "too many closers",
      { ...MIRA, closers: Array.from({ length: 33 }, () => "x") },
      /^closers: /u,
    ],
    [
      "a model option that is out of its range",
      { ...MIRA, options: { top_p: 2 } },
      /^options\.top_p: /u,
    ],
    ["a model option of another kind", { ...MIRA, options: { seed: "7" } }, /^options\.seed: /u],
    [
      "a model option that is the sidecar's own",
      { ...MIRA, options: { num_predict: 9 } },
      /num_predict/u,
    ],
    ["half of a surrogate pair", { ...MIRA, persona: "\ud83d" }, /^persona: /u],
  ])("with %s is refused by its field", (_what, card, field) => {
    const wrong = wrongOf(card);
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toMatch(field);
  });

  test("tells all that is wrong with it at once", () => {
    expect(wrongOf({ id: "", name: "", persona: "", fallbacks: [] })).toHaveLength(4);
  });

  test("that is no JSON says so", () => {
    const parsed = parseCard("{");
    expect("wrong" in parsed && parsed.wrong[0]).toMatch(/^no JSON: /u);
  });
});
