import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StopStrings } from "./stop-strings.ts";

function run(stops: readonly string[], pieces: readonly string[]): string {
  const filter = new StopStrings(stops);
  let out = "";
  for (const piece of pieces) {
    const { visible, stopped } = filter.push(piece);
    out += visible;
    if (stopped) return out;
  }
  return out + filter.flush();
}

/** What an engine says that looks for a stop string after each character. */
function cutByCharacter(stops: readonly string[], whole: string): string {
  for (let end = 1; end <= whole.length; end++) {
    const soFar = whole.slice(0, end);
    const found = stops.filter((stop) => stop !== "" && soFar.endsWith(stop));
    if (found.length > 0)
      return soFar.slice(0, end - Math.max(...found.map(({ length }) => length)));
  }
  return whole;
}

test("text ends before the first stop string, however it is cut into pieces", () => {
  expect(run(["END"], ["one E", "N", "D two"])).toBe("one ");
  expect(run(["two", "ne"], ["one two"])).toBe("o");
});

test("only a suffix that could begin a stop string is held", () => {
  const filter = new StopStrings(["\nPlayer:"]);
  expect(filter.push("Hello there").visible).toBe("Hello there");
  expect(filter.push("!\nPl").visible).toBe("!");
  expect(filter.push("um").visible).toBe("\nPlum");
});

test("what is held when the model ends by itself comes out", () => {
  expect(run(["END"], ["the EN"])).toBe("the EN");
});

test("an empty stop string stops nothing", () => {
  expect(run([""], ["all of it"])).toBe("all of it");
});

test("of two stop strings the one that is complete first ends the text", () => {
  expect(run(["a", "caa"], ["ca", "a"])).toBe("c");
  expect(run(["a", "caa"], ["caa"])).toBe("c");
  expect(run(["b", "ab"], ["xab"])).toBe("x");
});

test("the result is that of looking for a stop string after each character of the whole text", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 3 });
  const stops = fc.array(letters, { maxLength: 3 });
  fc.assert(
    fc.property(stops, fc.array(letters, { maxLength: 10 }), (stops, pieces) => {
      const whole = pieces.join("");
      expect(run(stops, pieces)).toBe(cutByCharacter(stops, whole));
    }),
    { numRuns: 2_000 },
  );
});
