import { countCodePoints, type Down } from "@banterwire/protocol";
import { FakeClock } from "@banterwire/protocol/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_BUFFERED_BYTES, MAX_SLOW_MS, SLOW_AFTER_MS, SLOW_AT_BYTES } from "./config.ts";
import { COALESCE_MS, Outbox } from "./outbox.ts";

function setUp() {
  const clock = new FakeClock();
  const sent: Down[] = [];
  const wire = {
    waitingBytes: 0,
    isGivenUp: false,
    send: (message: Down) => void sent.push(message),
    tooSlow() {
      this.isGivenUp = true;
    },
  };
  const outbox = new Outbox(clock, wire);
  const parts = () => sent.flatMap((message) => (message.kind === "delta" ? [message.parts] : []));
  return { clock, sent, outbox, parts, wire };
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

describe("a peer that reads slowly", () => {
  test("is told from half of what may wait, and gets all as one text for each line later", () => {
    const { clock, sent, outbox, wire } = setUp();
    outbox.begin(1, 1, "mira", "model");
    outbox.delta(1, 0, "Well");
    wire.waitingBytes = SLOW_AT_BYTES + 1;
    outbox.delta(1, 4, " met");
    clock.advance(COALESCE_MS);
    expect(sent.slice(2)).toEqual([
      {
        kind: "flow",
        slow: true,
        waitingBytes: SLOW_AT_BYTES + 1 + 4,
        maxWaitingBytes: MAX_BUFFERED_BYTES,
      },
    ]);
    outbox.begin(3, 1, "bram", "fallback");
    outbox.delta(1, 8, " by");
    outbox.delta(3, 0, "Aye.");
    outbox.end(endOf(3));
    outbox.delta(1, 11, " moonlight");
    clock.advance(MAX_SLOW_MS / 2);
    expect(sent).toHaveLength(3);
    wire.waitingBytes = 0;
    clock.advance(MAX_SLOW_MS / 2);
    expect(sent.slice(3)).toMatchObject([
      { kind: "delta", parts: [[1, 4, " met by moonlight"]] },
      { kind: "lineBegin", line: 3 },
      { kind: "delta", parts: [[3, 0, "Aye."]] },
      { kind: "lineEnd", line: 3 },
      { kind: "flow", slow: false, waitingBytes: 0 },
    ]);
    outbox.delta(1, 21, "!");
    clock.advance(COALESCE_MS);
    expect(sent.at(-1)).toEqual({ kind: "delta", parts: [[1, 21, "!"]] });
    expect([clock.pending, wire.isGivenUp]).toEqual([0, false]);
  });

  test("is told too where little waits, but for long", () => {
    const { clock, sent, outbox, wire } = setUp();
    outbox.delta(1, 0, "Well");
    wire.waitingBytes = 1;
    for (let at = 4; clock.nowMs() < SLOW_AFTER_MS; at++) {
      outbox.delta(1, at, "!");
      clock.advance(50);
    }
    expect(sent.map(({ kind }) => kind)).not.toContain("flow");
    outbox.delta(1, 99, "!");
    clock.advance(COALESCE_MS);
    expect(sent.at(-1)).toMatchObject({ kind: "flow", slow: true });
  });

  test("is not slow that has read all in between", () => {
    const { clock, sent, outbox, wire } = setUp();
    outbox.delta(1, 0, "Well");
    for (let at = 4; clock.nowMs() < 4 * SLOW_AFTER_MS; at++) {
      wire.waitingBytes = at % 2;
      outbox.delta(1, at, "!");
      clock.advance(100);
    }
    expect(sent.map(({ kind }) => kind)).not.toContain("flow");
  });

  test("is given up when it has not caught up a second after it was told", () => {
    const { clock, outbox, wire } = setUp();
    outbox.delta(1, 0, "Well");
    wire.waitingBytes = SLOW_AT_BYTES + 1;
    outbox.end(endOf(1));
    clock.advance(MAX_SLOW_MS - 1);
    expect(wire.isGivenUp).toBe(false);
    clock.advance(1);
    expect([wire.isGivenUp, clock.pending]).toEqual([true, 0]);
  });

  test("is given up when more waits than may, that which is held back included", () => {
    const { outbox, wire } = setUp();
    wire.waitingBytes = SLOW_AT_BYTES + 1;
    const text = "x".repeat(1_024);
    let bytes = wire.waitingBytes;
    for (; bytes + 1_024 <= MAX_BUFFERED_BYTES; bytes += 1_024) outbox.delta(1, bytes, text);
    expect(wire.isGivenUp).toBe(false);
    outbox.delta(1, bytes, text);
    expect(wire.isGivenUp).toBe(true);
  });

  test("is not given up for a loop that was blocked: its socket had no chance", () => {
    const { clock, sent, outbox, wire } = setUp();
    wire.waitingBytes = SLOW_AT_BYTES + 1;
    outbox.delta(1, 0, "Well");
    clock.block(10 * MAX_SLOW_MS);
    clock.turn();
    expect(wire.isGivenUp).toBe(false);
    wire.waitingBytes = 0;
    clock.advance(1_000);
    expect(sent.at(-1)).toMatchObject({ kind: "flow", slow: false });
  });
});

test("whatever comes in whatever order, every line's text arrives whole and in order", () => {
  const step = fc.oneof(
    fc.record({ waitingBytes: fc.constantFrom(0, 0, 1, SLOW_AT_BYTES + 1) }),
    fc.record({
      line: fc.constantFrom(1, 3, 5),
      text: fc.string({ minLength: 1, unit: "grapheme" }),
    }),
    fc.record({ waitMs: fc.integer({ min: 0, max: 2 * COALESCE_MS }) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { clock, sent, outbox, wire } = setUp();
      const said = new Map<number, string>();
      for (const one of steps) {
        if ("waitMs" in one) clock.advance(one.waitMs);
        else if ("waitingBytes" in one) wire.waitingBytes = one.waitingBytes;
        else {
          const before = said.get(one.line) ?? "";
          outbox.delta(one.line, countCodePoints(before), one.text);
          said.set(one.line, before + one.text);
        }
      }
      wire.waitingBytes = 0;
      clock.advance(1_000);
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
