import type { Client } from "@colyseus/core";
import type { Character } from "@banterwire/protocol/client";
import { expect, test } from "vitest";
import { assertCharacters, playerOfAuth } from "./options.ts";

const mira: Character = { id: "mira", name: "Mira", persona: "Keeps the bar.", fallbacks: ["Hm?"] };

test("a character with one fallback will do", () => {
  expect(() => assertCharacters([mira])).not.toThrow();
});

test.each([[[]], [undefined]])(
  "a character with the fallbacks %j is refused by name",
  (fallbacks) => {
    // Games in plain JavaScript have no types to tell them.
    const silent = { ...mira, fallbacks } as unknown as Character;
    expect(() => assertCharacters([silent])).toThrow(/"mira" has no fallbacks; write at least one/);
  },
);

test("two characters of one id are refused", () => {
  expect(() => assertCharacters([mira, mira])).toThrow(/two characters have the id "mira"/);
});

test("what the sidecar would refuse is refused with the field's name", () => {
  const wordy = { ...mira, persona: "x".repeat(10_000) };
  expect(() => assertCharacters([wordy])).toThrow(/"mira" cannot be used: .*persona/);
});

test("a player is who onAuth said", () => {
  const client = { sessionId: "s1", auth: { id: 7, name: "Ada" } } as unknown as Client;
  expect(playerOfAuth(client)).toEqual({ id: "7", name: "Ada" });
});

test.each([undefined, true, { name: 3 }])(
  "without an id in auth (%j) the session id serves",
  (auth) => {
    const client = { sessionId: "s1", auth } as unknown as Client;
    expect(playerOfAuth(client)).toEqual({ id: "s1", name: "" });
  },
);
