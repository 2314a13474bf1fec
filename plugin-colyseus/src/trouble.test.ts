import { expect, test } from "vitest";
import { troubleTeller } from "./trouble.ts";

test("the same trouble in a row is told once", () => {
  const told: string[] = [];
  const tell = troubleTeller((why) => told.push(why));
  for (const why of ["away", "away", "odd", "away"]) tell(why);
  expect(told).toEqual(["away", "odd", "away"]);
});

test("a game's logging that throws is its own affair", () => {
  const tell = troubleTeller(() => {
    throw new Error("disk full");
  });
  expect(() => tell("away")).not.toThrow();
});
