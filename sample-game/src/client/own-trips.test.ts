import { expect, test } from "vitest";
import { OwnTrips } from "./own-trips.ts";

test("the wait counts from Enter to the first text, whichever the server tells first", () => {
  const waits: number[] = [];
  const trips = new OwnTrips((elapsedMs) => waits.push(elapsedMs));
  trips.answers(1, 100);
  trips.began(1, 130);
  trips.began(3, 240);
  trips.began(3, 300);
  trips.answers(3, 200);
  expect(waits).toEqual([30, 40]);
});

test("lines that answer somebody else count for nothing", () => {
  const waits: number[] = [];
  const trips = new OwnTrips((elapsedMs) => waits.push(elapsedMs));
  for (let line = 1; line < 200; line += 2) trips.began(line, line);
  expect(waits).toEqual([]);
});
