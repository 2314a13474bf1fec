import type { CharacterRegister } from "@banterwire/protocol";
import { expect, test } from "vitest";
import type { Card } from "../config/card.ts";
import { Character } from "./character.ts";

const REGISTRATION: CharacterRegister = {
  kind: "characterRegister",
  room: 1,
  character: "mira",
  name: "Mira",
  persona: "the room's",
  fallbacks: ["room's fallback"],
  closers: ["room's closer"],
};
const CARD: Card = {
  id: "mira",
  name: "Mira of the card",
  persona: "the card's",
  fallbacks: ["card's fallback"],
  closers: ["card's closer"],
};

test("a card's persona and authored lines take the place of the room's, its name does not", () => {
  const character = new Character(REGISTRATION, CARD);
  expect(character).toMatchObject({ id: "mira", name: "Mira", persona: "the card's" });
  expect([character.fallback(), character.closer()]).toEqual(["card's fallback", "card's closer"]);
});

test("a card without closers leaves the room's", () => {
  const character = new Character(REGISTRATION, { ...CARD, closers: undefined });
  expect([character.fallback(), character.closer()]).toEqual(["card's fallback", "room's closer"]);
});
