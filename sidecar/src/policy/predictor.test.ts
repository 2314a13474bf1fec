import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Observation, Predictor } from "./predictor.ts";

const CHARS_PER_TOKEN = 5;

/** What an engine of so many milliseconds a token, and so many beside them, tells of a prompt. */
function seen(uncachedTokens: number, msPerToken: number, overheadMs: number): Observation {
  const prefillMs = uncachedTokens * msPerToken;
  const chars = 300 * CHARS_PER_TOKEN;
  return {
    chars,
    uncachedChars: uncachedTokens * CHARS_PER_TOKEN,
    ttftMs: prefillMs + overheadMs,
    decodeMs: 400,
    engine: { promptTokens: 300, prefillMs, loadMs: 0 },
  };
}

/** One that has seen prompts of all lengths at such an engine. */
function taught(msPerToken: number, overheadMs: number, count = 60): Predictor {
  const predictor = new Predictor();
  for (let index = 0; index < count; index++) {
    predictor.learn(seen((index * 37) % 300, msPerToken, overheadMs), index);
  }
  return predictor;
}

describe("a predictor", () => {
  test("that has seen nothing rules nothing out, and promises nothing", () => {
    expect(new Predictor().predict(10_000, 0)).toMatchObject({ lowMs: 0, highMs: Infinity });
  });

  test("learns what a token costs, and what a first token costs beside", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 5, noNaN: true }),
        fc.double({ min: 1, max: 300, noNaN: true }),
        (msPerToken, overheadMs) => {
          const predictor = taught(msPerToken, overheadMs);
          const expectedMs = 200 * msPerToken + overheadMs;
          const { lowMs, likelyMs, highMs } = predictor.predict(200 * CHARS_PER_TOKEN, 60);
          expect(predictor.charsPerToken).toBeCloseTo(CHARS_PER_TOKEN, 0);
          for (const ms of [lowMs, likelyMs, highMs]) {
            expect(Math.abs(ms - expectedMs)).toBeLessThan(0.15 * expectedMs + 5);
          }
        },
      ),
    );
  });

  test("is not led astray by one answer that took seconds", () => {
    const predictor = taught(0.2, 30);
    predictor.learn(seen(100, 50, 30), 60);
    expect(predictor.predict(100 * CHARS_PER_TOKEN, 61).likelyMs).toBeLessThan(70);
  });

  test("follows an engine that has become slow, and one that has become quick again", () => {
    const predictor = taught(0.2, 30);
    const lowMs = (): number => predictor.predict(100 * CHARS_PER_TOKEN, 100).lowMs;
    for (let index = 0; index < 16; index++) predictor.learn(seen(100, 0.2, 400), 100);
    expect(lowMs()).toBeGreaterThan(350);
    for (let index = 0; index < 16; index++) predictor.learn(seen(100, 0.2, 30), 100);
    expect(lowMs()).toBeLessThan(80);
  });

  test("has forgotten a stall, in which many were late at once, after two quick answers", () => {
    const predictor = taught(0.2, 30);
    const lowMs = (): number => predictor.predict(100 * CHARS_PER_TOKEN, 100).lowMs;
    for (let index = 0; index < 16; index++) predictor.learnAtLeast(500, 1_000, 100);
    expect(lowMs()).toBeGreaterThan(900);
    for (let index = 0; index < 2; index++) predictor.learn(seen(100, 0.2, 30), 100);
    expect(lowMs()).toBeLessThan(80);
  });

  test("takes answers that differ by less than half for what they are: a spread", () => {
    const predictor = taught(0.2, 30);
    for (let index = 0; index < 64; index++)
      predictor.learn(seen(100, 0.2, 40 + (index % 4) * 10), 60);
    expect(predictor.observations).toBe(16);
  });

  test("learns from those that were given up too: a dead engine is ruled out", () => {
    const predictor = taught(0.2, 30);
    for (let index = 0; index < 16; index++) predictor.learnAtLeast(500, 195, 100);
    expect(predictor.predict(500, 100).lowMs).toBeGreaterThan(190);
  });

  test("is told nothing by one that was given up early", () => {
    const predictor = taught(0.2, 30);
    const before = predictor.predict(500, 100);
    for (let index = 0; index < 16; index++) predictor.learnAtLeast(500, 5, 100);
    expect(predictor.predict(500, 100)).toEqual(before);
  });

  test("relies the less on what it knows the longer nobody has tried, and waits for who tries", () => {
    const predictor = taught(0.2, 500);
    const lowMs = (nowMs: number): number => predictor.predict(500, nowMs).lowMs;
    expect(lowMs(1_000)).toBeGreaterThan(450);
    expect(lowMs(30_000)).toBeLessThan(10);
    predictor.tried(30_000);
    expect(lowMs(30_001)).toBeGreaterThan(450);
  });

  test("has learnt that nothing costs anything from an engine that says so, whatever the lengths", () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 40, maxLength: 200 });
    fc.assert(
      fc.property(lengths, (tokens) => {
        const predictor = new Predictor();
        for (const [index, count] of tokens.entries()) predictor.learn(seen(count, 0, 1), index);
        expect(predictor.msPerToken).toBeLessThanOrEqual(0.3);
        expect(predictor.overheadMs).toBeLessThanOrEqual(1);
        expect(predictor.predict(2_000, tokens.length).likelyMs).toBeLessThan(130);
      }),
    );
  });

  test("counts a load apart: it is the model's, not the prompt's", () => {
    const predictor = taught(0.2, 30);
    const { chars, uncachedChars, ttftMs, engine } = seen(100, 0.2, 30);
    const loaded = { promptTokens: 300, prefillMs: engine?.prefillMs ?? 0, loadMs: 4_000 };
    for (let index = 0; index < 8; index++) {
      predictor.learn({ chars, uncachedChars, ttftMs: ttftMs + 4_000, engine: loaded }, 60);
    }
    expect(predictor.loadMs).toBe(4_000);
    expect(predictor.predict(uncachedChars, 60).likelyMs).toBeLessThan(70);
  });

  test("says how much uncached prompt is likely to be answered in time", () => {
    const predictor = taught(0.5, 50);
    const tokens = predictor.tokensWithin(200);
    expect(tokens).toBeGreaterThan(250);
    expect(tokens).toBeLessThan(320);
    expect(predictor.tokensWithin(20)).toBe(0);
    expect(new Predictor().tokensWithin(20)).toBe(Infinity);
  });

  test("takes nothing out of a prompt before it has seen some answers", () => {
    const predictor = new Predictor();
    for (let seen = 0; seen < 4; seen++) {
      expect(predictor.tokensWithin(200)).toBe(Infinity);
      const engine = { promptTokens: 100, prefillMs: 2_900, loadMs: 0 };
      predictor.learn({ chars: 400, uncachedChars: 400, ttftMs: 3_000, engine }, seen);
    }
    expect(predictor.tokensWithin(200)).toBeLessThan(100);
  });

  test("stays within its bounds whatever it is told", () => {
    const number = fc.oneof(
      fc.double({ min: 0, max: 1e7, noNaN: true }),
      fc.constantFrom(0, 1e-9, 1e12),
    );
    const observation = fc.record({ tokens: number, ttftMs: number, prefillMs: number });
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 60 }), (observations) => {
        const predictor = new Predictor();
        for (const [index, { tokens, ttftMs, prefillMs }] of observations.entries()) {
          const chars = tokens * CHARS_PER_TOKEN;
          const engine = { promptTokens: tokens, prefillMs, loadMs: 0 };
          predictor.learn({ chars, uncachedChars: chars, ttftMs, engine }, index);
          const { lowMs, likelyMs, highMs } = predictor.predict(1_000, index);
          expect(lowMs).toBeGreaterThanOrEqual(0);
          expect(likelyMs).toBeGreaterThanOrEqual(lowMs);
          expect(highMs).toBeGreaterThanOrEqual(likelyMs);
          expect(predictor.msPerToken).toBeGreaterThanOrEqual(0);
          expect(predictor.msPerToken).toBeLessThanOrEqual(100);
          expect(predictor.charsPerToken).toBeGreaterThanOrEqual(0.5);
        }
      }),
    );
  });
});

describe("what is left of a line", () => {
  test("is judged by lines that took longer than it has", () => {
    const predictor = new Predictor();
    for (const decodeMs of [100, 200, 300, 400, 1_000]) {
      predictor.learn({ ...seen(10, 0.2, 30), decodeMs }, 0);
    }
    expect(predictor.decodeLeftMs(0, 0.5)).toBe(300);
    expect(predictor.decodeLeftMs(350, 0)).toBe(50);
    expect(predictor.decodeLeftMs(500, 0.8)).toBe(500);
  });

  test("that has taken longer than any is as long again, or nothing", () => {
    const predictor = taught(0.2, 30);
    expect(predictor.decodeLeftMs(900, 0.8)).toBe(900);
    expect(predictor.decodeLeftMs(900, 0.25)).toBe(0);
  });
});
