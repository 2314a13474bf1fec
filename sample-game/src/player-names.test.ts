import { expect, test } from "vitest";
import { chosenName, randomName } from "./player-names.ts";

test("a name is one word of letters, and begins with a capital", () => {
  expect(chosenName(" kira ")).toBe("Kira");
  expect(chosenName("Ælfrík")).toBe("Ælfrík");
  expect(chosenName("O'Neill")).toBe("O'Neill");
});

test.each(["", "   ", "Bjorn42", "two words", "<b>x</b>", '"', "a".repeat(17), "Kira\nsays"])(
  "%j is no name",
  (wish) => {
    expect(chosenName(wish)).toBeUndefined();
  },
);

test("a random name is one that nobody bears, while there is one", () => {
  const taken = new Set<string>();
  for (let guest = 0; guest < 18; guest++) {
    const name = randomName(taken);
    expect(taken.has(name)).toBe(false);
    expect(chosenName(name)).toBe(name);
    taken.add(name);
  }
  expect(taken.has(randomName(taken))).toBe(true);
});
