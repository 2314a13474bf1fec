import { countCodePoints, type Down } from "@banterwire/protocol";
import { FakeClock } from "@banterwire/protocol/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COALESCE_MS, Outbox } from "./outbox.ts";

function setUp() {
  const clock = new FakeClock();
  const sent: Down[] = [];
  const outbox = new Outbox(clock, (message) => sent.push(message));
  const parts = () => sent.flatMap((message) => (message.kind === "delta" ? [message.parts] : []));
  return { clock, sent, outbox, parts };
}

function endOf(line: number): Extract<Down, { kind: "lineEnd" }> {
  return {
    kind: "lineEnd",
    line,
    source: "model",
    reason: "complete",
    length: 0,
    displayMs: 1_500,
    spansUs: [0, 0, 0, 0, 0, 0, 0],
  };
}

describe("text of a line", () => {
  test("leaves at once if it is the first, and waits for more if it is not", () => {
    const { clock, outbox, parts } = setUp();
    outbox.delta(1, 0, "Well");
    expect(parts()).toEqual([[[1, 0, "Well"]]]);
    outbox.delta(1, 4, " met");
    clock.advance(COALESCE_MS - 1);
    expect(parts()).toHaveLength(1);
    clock.advance(1);
    expect(parts().slice(1)).toEqual([[[1, 4, " met"]]]);
  });

  test("is merged with the line's own, and leaves in one frame with that of others", () => {
    const { clock, outbox, parts } = setUp();
    outbox.delta(1, 0, "a");
    outbox.delta(3, 0, "b");
    outbox.delta(1, 1, "c");
    outbox.delta(3, 1, "d");
    outbox.delta(1, 2, "e");
    clock.advance(COALESCE_MS);
    expect(parts().slice(2)).toEqual([
      [
        [1, 1, "ce"],
        [3, 1, "d"],
      ],
    ]);
    expect(clock.pending).toBe(0);
  });

  test("leaves before the line's end, and that of other lines waits on", () => {
    const { clock, sent, outbox, parts } = setUp();
    outbox.delta(1, 0, "Well");
    outbox.delta(3, 0, "Aye");
    outbox.delta(1, 4, " met");
    outbox.delta(3, 3, "!");
    outbox.end(endOf(1));
    expect(sent.slice(2).map(({ kind }) => kind)).toEqual(["delta", "lineEnd"]);
    expect(parts().at(-1)).toEqual([[1, 4, " met"]]);
    clock.advance(COALESCE_MS);
    expect(parts().at(-1)).toEqual([[3, 3, "!"]]);
    expect(clock.pending).toBe(0);
  });

  test("leaves when it is flushed, once", () => {
    const { clock, outbox, parts } = setUp();
    outbox.delta(1, 0, "Well");
    outbox.delta(1, 4, " met");
    outbox.flush();
    clock.advance(COALESCE_MS);
    expect(parts()).toHaveLength(2);
  });
});

test("whatever comes in whatever order, every line's text arrives whole and in order", () => {
  const step = fc.oneof(
    fc.record({
      line: fc.constantFrom(1, 3, 5),
      text: fc.string({ minLength: 1, unit: "grapheme" }),
    }),
    fc.record({ waitMs: fc.integer({ min: 0, max: 2 * COALESCE_MS }) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { clock, sent, outbox } = setUp();
      const said = new Map<number, string>();
      for (const one of steps) {
        if ("waitMs" in one) clock.advance(one.waitMs);
        else {
          const before = said.get(one.line) ?? "";
          outbox.delta(one.line, countCodePoints(before), one.text);
          said.set(one.line, before + one.text);
        }
      }
      clock.advance(COALESCE_MS);
      const heard = new Map<number, string>();
      for (const message of sent) {
        for (const [line, offset, text] of message.kind === "delta" ? message.parts : []) {
          const before = heard.get(line) ?? "";
          expect(offset).toBe(countCodePoints(before));
          heard.set(line, before + text);
        }
      }
      expect(heard).toEqual(said);
    }),
  );
});
