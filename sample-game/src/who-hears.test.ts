import { expect, test } from "vitest";
import { PATRONS } from "./patrons.ts";
import { DOOR, FLOOR } from "./tavern.ts";
import { whoHears } from "./who-hears.ts";
import { settle } from "./walking.ts";

test("the nearest patron hears", () => {
  for (const patron of PATRONS) {
    const beside = settle({ x: patron.at.x + 30, y: patron.at.y + 30 });
    expect(whoHears(beside)).toBe(patron);
  }
});

test("a newcomer at the door is heard", () => {
  expect(whoHears(DOOR)?.name).toBe("Flint");
});

test("nobody hears from a far corner", () => {
  expect(whoHears({ x: FLOOR.left, y: FLOOR.bottom })).toBeUndefined();
});
