import { expect, test } from "vitest";
import { PATRONS } from "./patrons.ts";
import { settle } from "./walking.ts";
import { distance, EARSHOT } from "./tavern.ts";

test.each(PATRONS)("$name has lines of their own for when the model is late", (patron) => {
  expect(new Set(patron.fallbacks).size).toBe(patron.fallbacks.length);
  expect(patron.fallbacks.length).toBeGreaterThanOrEqual(6);
  expect(patron.closers.length).toBeGreaterThanOrEqual(2);
});

test.each(PATRONS)("players can come near enough to $name to be heard", ({ at }) => {
  expect(distance(settle({ x: at.x, y: at.y + 1 }), at)).toBeLessThan(EARSHOT);
});

test.each(PATRONS)("$name's persona has the form that the embedded model knows", ({ persona }) => {
  expect(persona).toMatch(
    /^You are \w+, [\w ]+\. Traits: [\w, ]+\. Place: the tavern\. Stay in character and reply with one or two short sentences\.$/,
  );
});
