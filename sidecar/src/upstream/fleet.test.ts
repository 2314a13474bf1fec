import { afterEach, describe, expect, test } from "vitest";
import type { Happening } from "../happening.ts";
import { MAX_HEDGE_SHARE } from "../policy/hedging.ts";
import { MOODS } from "../testing/moods.ts";
import { refusing, type Reply } from "../testing/reply.ts";
import { USUAL, VirtualFleet } from "../testing/virtual/virtual-fleet.ts";

const CAST = Array.from({ length: 24 }, (_, at) => `npc${at}x`);
const HANGS: Reply = { steps: [{ do: "hang" }] };

let virtual: VirtualFleet;
/** Generations that may find the slots of their engine taken: of one that is not what it was. */
let mayQueue = 0;

/** Nothing is left over, anywhere. */
async function expectQuiet(): Promise<void> {
  const { inFlight, waiting } = sumOfBooks();
  await virtual.close();
  const engines = virtual.ollamas.map(({ engine, faults, openExchanges }) => {
    const { opens, closes, queued } = engine.books;
    return {
      faults,
      openExchanges,
      unbalanced: opens - closes,
      queued: Math.max(0, queued - mayQueue),
    };
  });
  mayQueue = 0;
  expect({ inFlight, waiting, engines, timers: virtual.clock.pending }).toEqual({
    inFlight: 0,
    waiting: 0,
    // A sidecar that knows the slots has none of its requests wait for one.
    engines: engines.map(() => ({ faults: [], openExchanges: 0, unbalanced: 0, queued: 0 })),
    timers: 0,
  });
}

afterEach(expectQuiet);

function sumOfBooks(): { inFlight: number; waiting: number; opens: number; closes: number } {
  const sum = { inFlight: 0, waiting: 0, opens: 0, closes: 0 };
  for (const { status } of virtual.endpoints) {
    sum.inFlight += status.inFlight;
    sum.waiting += status.waiting;
    sum.opens += status.opens;
    sum.closes += status.closes;
  }
  return sum;
}

async function open(count = 2, slots = 2): Promise<void> {
  virtual = await VirtualFleet.open(Array.from({ length: count }, () => ({ slots })));
}

/** Cues of all characters in turn, one each so many milliseconds. */
async function play(cues: number, everyMs: number, cast: readonly string[] = CAST): Promise<void> {
  for (let at = 0; at < cues; at++) {
    virtual.ask({ character: cast[at % cast.length] ?? "mira" });
    await virtual.pass(everyMs);
  }
}

/** How many of the answers from one on had text in time; each of them has ended once. */
function hitsFrom(from: number): number {
  const answers = virtual.answers.slice(from);
  for (const { ends } of answers) expect(ends).toHaveLength(1);
  return answers.filter(({ firstMs }) => firstMs !== undefined && firstMs <= 200).length;
}

describe("a character", () => {
  test("stays with the endpoint that has its prefix, and the endpoints share the characters", async () => {
    await open();
    const marks = virtual.marks;
    await play(72, 150);
    await virtual.pass(1_000);
    const homes = CAST.map((character) => virtual.enginesOf(character, marks));
    for (const engines of homes) expect(engines).toHaveLength(1);
    expect(new Set(homes.flat())).toEqual(new Set([0, 1]));
    expect(hitsFrom(0)).toBe(72);
  });

  test("is warm at its home and where it would go, before it has said a word", async () => {
    await open(3);
    const letGo = CAST.slice(0, 6).map((character) => virtual.keepWarm(character));
    await virtual.pass(10_000);
    for (const character of CAST.slice(0, 6)) {
      expect(virtual.enginesOf(character)).toHaveLength(2);
    }
    for (const drop of letGo) drop();
    for (const { status } of virtual.endpoints) expect(status.prefixes.warm).toBe(0);
  });

  test("is not warmed again and again where the characters' prompts drive one another out", async () => {
    // Llama-server keeps no prompt whose slot goes on with more than half of it.
    const specs = [{ slots: 4 }, { slots: 4 }];
    virtual = await VirtualFleet.open(specs, "Answer in one short sentence. ".repeat(40));
    for (const character of CAST) virtual.keepWarm(character);
    await virtual.pass(12_000);
    const before = virtual.own;
    expect(before).toBeLessThan(12);
    for (let at = 0; at < 400; at++) {
      virtual.ask({ character: CAST[(at * at) % 23] ?? "mira" });
      await virtual.pass(20 + ((at * 37) % 90));
    }
    await virtual.pass(10_000);
    expect(virtual.own - before).toBeLessThan(40);
    expect(hitsFrom(0)).toBe(400);
  });

  test("goes elsewhere while its home is busy for longer than a cold prefix costs", async () => {
    await open(2, 1);
    await play(4, 300, ["mira"]);
    const marks = virtual.marks;
    const [first, second] = [virtual.ask(), virtual.ask()];
    await virtual.pass(1_000);
    expect([first.ends, second.ends]).toEqual([["done"], ["done"]]);
    expect(virtual.enginesOf("mira", marks)).toHaveLength(2);
  });
});

describe("one of two endpoints", () => {
  test("killed under load: lines that have begun are cut short, the others go on at the other one in time", async () => {
    await open(2, 4);
    for (const character of CAST) virtual.keepWarm(character);
    await virtual.pass(10_000);
    await play(48, 40);
    const from = virtual.answers.length;
    // Some are speaking, and some have just been sent.
    for (const character of CAST.slice(0, 6)) virtual.ask({ character });
    await virtual.pass(1);
    virtual.ollamas[0]?.goDown();
    await virtual.pass(2_000);
    expect(hitsFrom(from)).toBe(6);
    expect(virtual.count("failedOver")).toBeGreaterThan(0);
    for (const { text, ends } of virtual.answers) {
      // Nothing is spliced: what has begun is whole, or ends where it broke.
      expect("Mind the step, traveller, it is older than me.".startsWith(text)).toBe(true);
      expect(ends[0] === "failed" && text === "").toBe(false);
    }
    const after = virtual.answers.length;
    await play(48, 40);
    await virtual.pass(1_000);
    expect(hitsFrom(after)).toBe(48);
    virtual.ollamas[0]?.comeUp();
    await virtual.pass(5_000);
  });

  test("that has come back gets its characters back a few at a time", async () => {
    await open(2, 4);
    virtual.ollamas[0]?.goDown();
    await play(12, 50);
    virtual.ollamas[0]?.comeUp();
    await virtual.pass(3_000);
    const shareOfFirst = async (): Promise<number> => {
      const before = virtual.endpoints[0]?.status.opens ?? 0;
      await play(48, 20);
      await virtual.pass(500);
      return (virtual.endpoints[0]?.status.opens ?? 0) - before;
    };
    const early = await shareOfFirst();
    await virtual.pass(12_000);
    const late = await shareOfFirst();
    expect(early).toBeLessThan(late);
    expect(late).toBeGreaterThan(12);
  });

  test("turned slow: after a few misses its characters are answered by the other, and come back once it is well", async () => {
    await open(2, 4);
    for (const character of CAST) virtual.keepWarm(character);
    await virtual.pass(10_000);
    await play(48, 40);
    virtual.ollamas[0]?.engine.answerWith({ ...USUAL, prefillMs: 900 });
    mayQueue = 4;
    await play(48, 60);
    await virtual.pass(1_500);
    const from = virtual.answers.length;
    await play(96, 40);
    await virtual.pass(1_500);
    expect(hitsFrom(from)).toBeGreaterThanOrEqual(90);
    const shares = () => virtual.endpoints.map((endpoint) => virtual.fleet.shareOf(endpoint));
    expect(shares()[0]).toBeLessThan(1);
    expect(shares()[1]).toBe(1);
    virtual.ollamas[0]?.engine.answerWith(USUAL);
    await play(600, 60);
    await virtual.pass(30_000);
    const before = virtual.endpoints[0]?.status.opens ?? 0;
    await play(48, 40);
    await virtual.pass(1_000);
    expect((virtual.endpoints[0]?.status.opens ?? 0) - before).toBeGreaterThan(8);
  });

  test("that flaps costs few cues, less and less often", async () => {
    await open(2, 4);
    for (const character of CAST) virtual.keepWarm(character);
    await virtual.pass(10_000);
    for (let time = 0; time < 10; time++) {
      virtual.ollamas[0]?.goDown();
      await play(10, 40);
      virtual.ollamas[0]?.comeUp();
      await play(20, 40);
    }
    await virtual.pass(10_000);
    expect(hitsFrom(0)).toBeGreaterThanOrEqual(290);
  });

  test("that answers every health check and no cue is left alone until it answers again", async () => {
    await open(2, 2);
    for (const character of CAST) virtual.keepWarm(character);
    await virtual.pass(10_000);
    virtual.ollamas[0]?.engine.answerWith(HANGS);
    await play(60, 60);
    await virtual.pass(15_000);
    expect(virtual.endpoints[0]?.status.trouble?.code).toBe("wedged");
    const from = virtual.answers.length;
    await play(48, 60);
    await virtual.pass(1_000);
    expect(hitsFrom(from)).toBe(48);
    virtual.ollamas[0]?.engine.answerWith(USUAL);
    await virtual.pass(90_000);
    expect(virtual.endpoints[0]?.status.state).toBe("warm");
    await play(48, 60);
    await virtual.pass(1_000);
  });
});

test.each([1, 2])(
  "%i endpoint(s) that are merely slow, half of the time, are neither held off nor ejected",
  async (count) => {
    await open(count, 4);
    for (const character of CAST) virtual.keepWarm(character);
    await virtual.pass(10_000);
    let seed = 5;
    const coin = (): boolean =>
      (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) >= 2 ** 31;
    for (const { engine } of virtual.ollamas) {
      engine.answerWith(() => ({ ...USUAL, prefillMs: coin() ? 240 : 120 }));
    }
    mayQueue = Infinity;
    let heldOff = 0;
    for (let cue = 0; cue < 200; cue++) {
      if (virtual.fleet.unavailable === undefined) virtual.ask({ character: CAST[cue % 24] ?? "" });
      else heldOff++;
      await virtual.pass(500);
    }
    await virtual.pass(2_000);
    expect(heldOff).toBeLessThan(6);
    expect(virtual.count("endpointEjected")).toBeLessThan(2);
  },
);

test("with all endpoints down there is none to ask; they serve again when they are back", async () => {
  await open();
  for (const ollama of virtual.ollamas) ollama.goDown();
  await play(6, 50);
  for (const endpoint of virtual.endpoints) expect(virtual.fleet.shareOf(endpoint)).toBe(0);
  expect(virtual.fleet.unavailable).toBeDefined();
  for (const ollama of virtual.ollamas) ollama.comeUp();
  await virtual.pass(5_000);
  expect(virtual.fleet.unavailable).toBeUndefined();
  const from = virtual.answers.length;
  await play(24, 60);
  await virtual.pass(1_000);
  expect(hitsFrom(from)).toBe(24);
});

describe("what endpoints are for", () => {
  test("a small model for ambience, a large one for replies, each with its own runner options", async () => {
    virtual = await VirtualFleet.open([
      { model: "large:8b", serves: ["reply", "nearby"] },
      { model: "small:1b", serves: ["ambient"] },
    ]);
    const marks = virtual.marks;
    virtual.ask({ character: "mira", priority: "reply" });
    virtual.ask({ character: "bram", priority: "ambient" });
    await virtual.pass(1_000);
    expect(virtual.enginesOf("mira", marks)).toEqual([0]);
    expect(virtual.enginesOf("bram", marks)).toEqual([1]);
    for (const [at, model] of ["large:8b", "small:1b"].entries()) {
      const { received, loads } = virtual.ollamas[at]?.engine.books ?? { received: [], loads: 0 };
      const chats = received.filter(({ path }) => path === "/api/chat").map(({ body }) => body);
      expect(new Set(chats.map((body) => body?.["model"]))).toEqual(new Set([model]));
      expect(loads).toBe(1);
    }
  });

  test("the prompt is cut to what the endpoint can read that will answer it, not to what another can", async () => {
    virtual = await VirtualFleet.open([
      { model: "large:8b", serves: ["reply", "nearby"] },
      { model: "small:1b", serves: ["ambient"] },
    ]);
    virtual.ollamas[0]?.engine.answerWith({ ...USUAL, prefillMs: 150 });
    for (const character of CAST) {
      virtual.ask({ character, priority: "reply", budgetMs: 400 });
      virtual.ask({ character, priority: "ambient", budgetMs: 400 });
      await virtual.pass(700);
    }
    const deadlineMs = virtual.clock.nowMs() + 200;
    for (const character of CAST) {
      for (const [at, priority] of (["reply", "ambient"] as const).entries()) {
        const cue = { character, priority, deadlineMs };
        const chars = virtual.endpoints.map((endpoint) => endpoint.charsAfter("Mira.", cue));
        expect(chars[0]).not.toBe(chars[1]);
        expect(virtual.fleet.charsAfter("Mira.", cue)).toBe(chars[at]);
      }
    }
    // While the one that it is for is away, another stands in.
    virtual.ollamas[0]?.goDown();
    await virtual.pass(10_000);
    const cue = { character: "npc0x", priority: "reply", deadlineMs } as const;
    expect(virtual.fleet.charsAfter("Mira.", cue)).toBe(
      virtual.endpoints[1]?.charsAfter("Mira.", cue),
    );
    virtual.ollamas[0]?.comeUp();
    await virtual.pass(5_000);
  });

  test("a character that an endpoint names is at home there, and others stand in while that is down", async () => {
    virtual = await VirtualFleet.open([{}, { characters: ["mira"] }]);
    const marks = virtual.marks;
    for (const character of ["mira", "bram", "odo"]) virtual.ask({ character });
    await virtual.pass(1_000);
    expect(virtual.enginesOf("mira", marks)).toEqual([1]);
    expect(virtual.enginesOf("bram", marks)).toEqual([0]);
    virtual.ollamas[1]?.goDown();
    const later = virtual.marks;
    virtual.ask({ character: "mira" });
    await virtual.pass(1_000);
    expect(virtual.enginesOf("mira", later)).toContain(0);
    expect(hitsFrom(0)).toBe(4);
    virtual.ollamas[1]?.comeUp();
    await virtual.pass(5_000);
  });
});

/** One in so many first tokens comes half a second late. */
function straggle(oneIn: number): void {
  for (const { engine } of virtual.ollamas) {
    engine.answerWith((_body, index) =>
      index % oneIn === oneIn - 1
        ? { ...USUAL, steps: [{ do: "wait", ms: 500 }, ...USUAL.steps] }
        : USUAL,
    );
  }
}

describe("a late line", () => {
  test("is asked for at a second endpoint, which is heard if it is first; the other is cancelled and pays", async () => {
    await open(2, 4);
    for (const character of CAST) virtual.keepWarm(character);
    await virtual.pass(10_000);
    await play(200, 40);
    straggle(33);
    const from = virtual.answers.length;
    await play(400, 40);
    await virtual.pass(2_000);
    expect(virtual.count("hedgeWon")).toBeGreaterThan(6);
    const cancelled = virtual.ollamas.map(({ engine }) => engine.books.cancelled);
    expect(Math.max(...cancelled)).toBeGreaterThan(0);
    expect(hitsFrom(from)).toBeGreaterThanOrEqual(396);
    for (const { text } of virtual.answers) {
      expect(["", "Mind the step, traveller, it is older than me."]).toContain(text);
    }
  });

  test("never makes more than one request in twenty a second one, however many are late", async () => {
    await open(2, 4);
    for (const character of CAST) virtual.keepWarm(character);
    await virtual.pass(10_000);
    await play(24, 300);
    // Whoever is shed at the door was not sent, and earns nothing.
    for (let cue = 0; cue < 600; cue++) virtual.ask({ budgetMs: 5 });
    expect(virtual.cuesSent).toBe(24);
    straggle(6);
    await play(36, 300);
    await virtual.pass(3_000);
    const hedged = virtual.count("hedged");
    expect(hedged).toBeGreaterThan(0);
    expect(hedged).toBeLessThanOrEqual(MAX_HEDGE_SHARE * (virtual.cuesSent - hedged));
  });

  test("has no second request where nobody waits for it, nor with one endpoint", async () => {
    await open(1, 4);
    await play(100, 40);
    straggle(5);
    await play(100, 40);
    await virtual.pass(3_000);
    expect(virtual.count("hedged")).toBe(0);
  });

  test("with text is never answered by another, whatever becomes of it", async () => {
    await open(2, 4);
    await play(60, 40);
    const begins: Reply = {
      steps: [{ do: "say", text: "Well" }, { do: "wait", ms: 300 }, { do: "die" }],
    };
    for (const { engine } of virtual.ollamas) engine.answerWith(begins);
    const answer = virtual.ask();
    await virtual.pass(1_000);
    expect(answer).toMatchObject({ text: "Well", ends: ["failed"] });
    for (const { engine } of virtual.ollamas) engine.answerWith(USUAL);
    await virtual.pass(5_000);
  });

  test.each(["", " ", "\n", "\t \u00A0\u0001"])(
    "that has nothing but %j yet is no answer: it goes on elsewhere",
    async (blank) => {
      await open(2, 4);
      for (const character of CAST) virtual.keepWarm(character);
      await virtual.pass(10_000);
      await play(24, 100);
      virtual.ollamas[0]?.engine.answerWith({ steps: [{ do: "say", text: blank }, { do: "die" }] });
      const from = virtual.answers.length;
      await play(12, 400);
      expect(virtual.count("failedOver")).toBeGreaterThan(0);
      expect(hitsFrom(from)).toBe(12);
      for (const { text } of virtual.answers) {
        expect(text).toBe("Mind the step, traveller, it is older than me.");
      }
      virtual.ollamas[0]?.engine.answerWith(USUAL);
      await virtual.pass(2_000);
    },
  );
});

test("two addresses of one Ollama are found out, and told once", async () => {
  virtual = await VirtualFleet.open([{}, { engine: 0, slots: 1 }, {}]);
  await virtual.pass(30_000);
  expect(overlapsTold()).toEqual([{ kind: "sameProcess", endpoints: ["ollama", "ollama-2"] }]);
});

function overlapsTold(): Happening[] {
  return virtual.happenings.filter(({ kind }) => kind.startsWith("same"));
}

describe("two endpoints on one machine", () => {
  test("with GPU memory each are told to be likely to share a GPU, and whose model did not fit", async () => {
    virtual = await VirtualFleet.open([
      { machine: "a" },
      { machine: "a", gpuShare: 0.5 },
      { machine: "b" },
    ]);
    await virtual.pass(30_000);
    const endpoints = ["ollama", "ollama-2"];
    expect(overlapsTold()).toEqual([{ kind: "sameGpu", endpoints, partlyOnCpu: ["ollama-2"] }]);
  });

  test("are not where the configuration says that each has a GPU of its own", async () => {
    virtual = await VirtualFleet.open([
      { machine: "a", gpu: "0" },
      { machine: "a", gpu: "1" },
    ]);
    await virtual.pass(30_000);
    expect(overlapsTold()).toEqual([]);
  });

  test("without any GPU are told to share its cores", async () => {
    virtual = await VirtualFleet.open([
      { machine: "a", gpuShare: 0 },
      { machine: "a", gpuShare: 0 },
    ]);
    await virtual.pass(30_000);
    expect(overlapsTold()).toEqual([{ kind: "sameCpu", endpoints: ["ollama", "ollama-2"] }]);
  });
});

test("a character whose prompt no engine takes costs the others neither their endpoint nor their time", async () => {
  await open(2, 4);
  for (const character of CAST) virtual.keepWarm(character);
  await virtual.pass(10_000);
  await play(24, 60);
  for (const { engine } of virtual.ollamas) {
    engine.answerWith((body) =>
      JSON.stringify(body).includes("toolong3")
        ? refusing(400, "the prompt is longer than the context")
        : USUAL,
    );
  }
  for (let second = 0; second < 30; second++) {
    const refused = virtual.ask({ character: "toolong" });
    const others = CAST.slice(0, 8).map((character) => virtual.ask({ character }));
    await virtual.pass(1_000);
    expect(refused.ends).toEqual(["failed"]);
    for (const { ends } of others) expect(ends).toEqual(["done"]);
  }
  expect(virtual.count("endpointEjected")).toBe(0);
  expect(virtual.count("failedOver")).toBe(0);
});

test("a request that is refused by an engine goes on at the other one", async () => {
  await open(2, 4);
  for (const character of CAST) virtual.keepWarm(character);
  await virtual.pass(10_000);
  virtual.ollamas[0]?.engine.answerWith(MOODS.overloaded);
  const from = virtual.answers.length;
  await play(24, 60);
  await virtual.pass(2_000);
  expect(hitsFrom(from)).toBe(24);
  virtual.ollamas[0]?.engine.answerWith(USUAL);
  await virtual.pass(60_000);
});
