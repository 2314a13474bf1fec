import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REASONS, SOURCES } from "./fields.ts";
import { LIMITS } from "./limits.ts";
import { advanceLine, lengthOf, type LineEvent, type LineState, WAITING } from "./line-state.ts";

const source = fc.constantFrom(...SOURCES);

const anyEvent: fc.Arbitrary<LineEvent> = fc.oneof(
  fc.record({ name: fc.constant("begin" as const), source }),
  fc.record({
    name: fc.constant("delta" as const),
    offset: fc.nat(20),
    codePoints: fc.oneof(fc.nat(10), fc.nat(LIMITS.MAX_LINE_CODE_POINTS)),
  }),
  fc.record({
    name: fc.constant("end" as const),
    source,
    reason: fc.constantFrom(...REASONS),
  }),
);

/** A line spoken as it should be: any text, in any pieces. */
const soundLine: fc.Arbitrary<{ events: LineEvent[]; length: number }> = fc
  .tuple(
    fc.constantFrom("model" as const, "fallback" as const),
    fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
  )
  .map(([spoken, pieces]) => {
    let length = 0;
    const deltas = pieces.map((codePoints): LineEvent => {
      const offset = length;
      length += codePoints;
      return { name: "delta", offset, codePoints };
    });
    const end: LineEvent = { name: "end", source: spoken, reason: "complete" };
    return { events: [begin(spoken), ...deltas, end], length };
  });

function sourceOf(state: LineState): string | undefined {
  return state.name === "waiting" ? undefined : state.source;
}

function begin(spoken: "model" | "fallback"): LineEvent {
  return { name: "begin", source: spoken };
}

function run(events: readonly LineEvent[]): LineState {
  let state = WAITING;
  for (const event of events) {
    const step = advanceLine(state, event);
    if (step.step === "next") state = step.state;
  }
  return state;
}

describe("a line's transition table", () => {
  it("has an answer for every sequence of events, and stays within its rules", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        let state: LineState = WAITING;
        let source: string | undefined;
        for (const event of events) {
          const step = advanceLine(state, event);
          expect(["next", "late", "breach"]).toContain(step.step);
          // Late if and only if it had ended: nothing follows the one terminal event.
          expect(step.step === "late").toBe(state.name === "ended");
          if (step.step !== "next") continue;
          // Text only grows, from where it was, and never past its bound.
          const grown = event.name === "delta" ? event.codePoints : 0;
          expect(lengthOf(step.state)).toBe(lengthOf(state) + grown);
          expect(lengthOf(step.state)).toBeLessThanOrEqual(LIMITS.MAX_LINE_CODE_POINTS);
          // Once there is text, its source stays.
          const before = lengthOf(state) > 0 ? source : sourceOf(step.state);
          expect(sourceOf(step.state)).toBe(before);
          state = step.state;
          source = sourceOf(state);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes every line that is spoken as it should be", () => {
    fc.assert(
      fc.property(soundLine, ({ events, length }) => {
        fc.pre(length <= LIMITS.MAX_LINE_CODE_POINTS);
        expect(run(events)).toMatchObject({ name: "ended", reason: "complete", length });
      }),
    );
  });

  it("calls out a delta that is lost, doubled or out of order", () => {
    fc.assert(
      fc.property(soundLine, fc.nat(), ({ events, length }, where) => {
        fc.pre(length <= LIMITS.MAX_LINE_CODE_POINTS && events.length > 3);
        const at = 1 + (where % (events.length - 3));
        const lost = events.toSpliced(at, 1);
        const doubled = events.toSpliced(at, 0, events[at]!);
        for (const wrong of [lost, doubled]) {
          let state: LineState = WAITING;
          const steps = wrong.map((event) => {
            const step = advanceLine(state, event);
            if (step.step === "next") state = step.state;
            return step.step;
          });
          expect(steps).toContain("breach");
        }
      }),
    );
  });

  it("commits a line to its source by its first text, not by its begin", () => {
    const text: LineEvent = { name: "delta", offset: 0, codePoints: 1 };
    expect(run([begin("model"), begin("fallback"), text])).toMatchObject({ source: "fallback" });
    const begun = run([begin("model"), text]);
    expect(advanceLine(begun, begin("fallback"))).toMatchObject({ step: "breach" });
  });

  it.each<[string, LineEvent[], LineEvent]>([
    ["a begin without a source", [], { name: "begin", source: "none" }],
    ["text before begin", [], { name: "delta", offset: 0, codePoints: 1 }],
    ["an end with a source and no text", [], { name: "end", source: "model", reason: "complete" }],
    [
      "an end without a source after text",
      [
        { name: "begin", source: "model" },
        { name: "delta", offset: 0, codePoints: 1 },
      ],
      { name: "end", source: "none", reason: "cancelled" },
    ],
  ])("calls out %s", (_name, before, event) => {
    expect(advanceLine(run(before), event)).toMatchObject({ step: "breach" });
  });
});
