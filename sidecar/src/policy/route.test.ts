import { describe, expect, test } from "vitest";
import { chooseSpeaker } from "./route.ts";

const known = (id: string): string | undefined => (id.startsWith("unknown") ? undefined : id);

describe("chooseSpeaker", () => {
  test("the nearest candidate answers, wherever it stands in the list", () => {
    expect(
      chooseSpeaker(
        [
          ["far", 900, 255],
          ["near", 100, 0],
          ["middle", 500, 255],
        ],
        known,
      ),
    ).toBe("near");
  });

  test("of two at the same distance the more attentive answers", () => {
    expect(
      chooseSpeaker(
        [
          ["dozing", 100, 10],
          ["alert", 100, 200],
          ["idle", 100, 50],
        ],
        known,
      ),
    ).toBe("alert");
  });

  test("a candidate that is not known is passed over", () => {
    expect(
      chooseSpeaker(
        [
          ["unknown-near", 0, 255],
          ["mira", 300, 0],
        ],
        known,
      ),
    ).toBe("mira");
    expect(chooseSpeaker([["unknown", 0, 255]], known)).toBeUndefined();
  });
});
