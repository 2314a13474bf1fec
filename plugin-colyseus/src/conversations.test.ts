import type { Line } from "@banterwire/protocol/client";
import { expect, test } from "vitest";
import { Conversations } from "./conversations.ts";

function line(character: string, state: "waiting" | "ended" = "waiting"): Line {
  return { character, state: { name: state } } as unknown as Line;
}

test("a player's open line with an NPC is found, of that player and that NPC only", () => {
  const conversations = new Conversations();
  const mine = line("mira");
  conversations.begin("ada", mine);
  expect(conversations.find("ada", ["mira"])).toBe(mine);
  expect(conversations.find("ada", ["tom"])).toBeUndefined();
  expect(conversations.find("bob", ["mira"])).toBeUndefined();
});

test("a line that has ended is not found, also if it ended before it was noted", () => {
  const conversations = new Conversations();
  const mine = line("mira");
  conversations.begin("ada", mine);
  conversations.end("ada", mine);
  conversations.begin("ada", line("mira", "ended"));
  expect(conversations.find("ada", ["mira"])).toBeUndefined();
});
