import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CueRoute, type RouteNews, type RouteStep } from "./cue-route.ts";
import { HedgeAllowance, MAX_HEDGE_SHARE } from "./hedging.ts";
import type { Offer } from "./spill-over.ts";
import { Trust } from "./trust.ts";

class Place {
  readonly trust = new Trust();
  readonly name: string;
  offer: Offer = { waitMs: 0, prefillMs: 0, likelyMs: 50, lowMs: 40 };

  constructor(name: string) {
    this.name = name;
  }
}

interface World {
  readonly places: readonly Place[];
  readonly news: RouteNews<Place>[];
  readonly allowance: HedgeAllowance;
}

function worldOf(count: number): World {
  const places = Array.from({ length: count }, (_, at) => new Place(String(at)));
  return { places, news: [], allowance: new HedgeAllowance() };
}

function routeIn(
  { places, news, allowance }: World,
  deadlineMs = 200,
  priority: "reply" | "ambient" = "reply",
): CueRoute<Place> {
  return new CueRoute({
    priority,
    deadlineMs,
    allowance,
    candidates: () => places,
    offer: ({ offer }) => offer,
    isLast: () => places.length === 1,
    tell: (one) => news.push(one),
  });
}

/** So that there is an allowance, and so that it is known what is late. */
function live(world: World, cues = 40): void {
  for (let cue = 0; cue < cues; cue++) {
    const route = routeIn(world);
    const stop = route.start(0)?.ask;
    if (!stop) throw new Error("nobody was asked");
    route.granted(stop, 0);
    route.answered(stop, 50);
    route.commit(stop, 50);
  }
  world.news.length = 0;
}

describe("a cue", () => {
  test("that fails before its first text goes on elsewhere while there is time, and nobody is asked twice", () => {
    const world = worldOf(3);
    const [a, b, c] = world.places as [Place, Place, Place];
    const route = routeIn(world);
    expect(route.start(0)?.ask).toBe(a);
    expect(route.failed(a, "endpoint", 10)).toEqual({ do: "ask", stop: b });
    expect(route.refused(b, 20)).toEqual({ do: "ask", stop: c });
    expect(route.failed(c, "endpoint", 30)).toEqual({ do: "end" });
    expect(world.news.map(({ kind }) => kind)).toEqual(["failedOver", "failedOver"]);
  });

  test("that fails too late for anybody else, or after its first text, ends", () => {
    const world = worldOf(2);
    const [a] = world.places as [Place, Place];
    const late = routeIn(world);
    late.start(0);
    expect(late.failed(a, "endpoint", 170)).toEqual({ do: "end" });
    const begun = routeIn(world);
    begun.start(0);
    begun.commit(a, 50);
    expect(begun.failed(a, "endpoint", 60)).toEqual({ do: "end" });
  });

  test("that fails for what it asks blames nobody; it goes on where another model may take it", () => {
    const world = worldOf(2);
    const [a, b] = world.places as [Place, Place];
    for (let cue = 0; cue < 10; cue++) {
      const [bad, odd] = [routeIn(world), routeIn(world)];
      for (const route of [bad, odd]) {
        route.start(0);
        route.granted(a, 0);
      }
      expect(bad.failed(a, "request", 10)).toEqual({ do: "end" });
      expect(odd.failed(a, "model", 10)).toEqual({ do: "ask", stop: b });
    }
    expect(a.trust.isEjected(10)).toBe(false);
    expect(world.news).toEqual(
      Array.from({ length: 10 }, () => ({ kind: "failedOver", from: a, to: b })),
    );
  });

  test("whose home is passed over has it tried out by itself, now and then", () => {
    const world = worldOf(2);
    const [a, b] = world.places as [Place, Place];
    a.offer = { ...a.offer, waitMs: 500 };
    expect(routeIn(world).start(0)).toEqual({ ask: b, home: a, tryOut: a });
    expect(routeIn(world).start(0)).toEqual({ ask: b, home: a, tryOut: undefined });
  });

  test("has nobody to go to where there is nobody", () => {
    expect(routeIn(worldOf(0)).start(0)).toBeUndefined();
  });
});

describe("a late cue", () => {
  test("is asked for beside the first; the first with text has it, and the other is cancelled", () => {
    const world = worldOf(2);
    const [a, b] = world.places as [Place, Place];
    live(world);
    const route = routeIn(world);
    route.start(0);
    route.granted(a, 0);
    const atMs = route.hedgeAtMs ?? NaN;
    expect(atMs).toBeGreaterThan(50);
    expect(atMs).toBeLessThan(150);
    expect(route.hedge(atMs)).toBe(b);
    // One failing is no end while the other is at it.
    expect(route.commit(b, atMs + 40)).toEqual([a]);
    expect(world.news).toEqual([
      { kind: "hedged", from: a, to: b },
      { kind: "hedgeWon", by: b },
    ]);
  });

  test("counts against the first where the second was first to answer", () => {
    const world = worldOf(2);
    const [a, b] = world.places as [Place, Place];
    live(world, 100);
    for (let cue = 0; cue < 3; cue++) {
      const route = routeIn(world);
      route.start(0);
      route.granted(a, 0);
      expect(route.hedge(80)).toBe(b);
      route.granted(b, 80);
      route.answered(b, 120);
      route.commit(b, 120);
    }
    expect(world.news).toContainEqual({ kind: "ejected", who: a });
    expect(a.trust.isEjected(120)).toBe(true);
    expect(b.trust.isEjected(120)).toBe(false);
  });

  test("goes on with the second where the first fails, and asks nobody else meanwhile", () => {
    const world = worldOf(3);
    const [a, b] = world.places as [Place, Place, Place];
    live(world);
    const route = routeIn(world);
    route.start(0);
    const atMs = route.hedgeAtMs ?? NaN;
    expect(route.hedge(atMs)).toBe(b);
    expect(route.failed(a, "endpoint", atMs + 1)).toEqual({ do: "wait" });
    expect(route.preempted(b)).toEqual({ do: "end" });
  });

  test("is asked for a second time while the other can still make it, whatever its own takes", () => {
    const world = worldOf(2);
    const [a, b] = world.places as [Place, Place];
    a.offer = { ...a.offer, likelyMs: 30 };
    b.offer = { waitMs: 0, prefillMs: 90, likelyMs: 120, lowMs: 110 };
    const route = routeIn(world, 195);
    expect(route.start(0)?.ask).toBe(a);
    expect(route.hedgeAtMs).toBe(75);
    const alone = routeIn(worldOf(1), 195);
    alone.start(0);
    expect(alone.hedgeAtMs).toBeUndefined();
  });

  test("finds no allowance where those before it were never sent", () => {
    const world = worldOf(2);
    const [a] = world.places as [Place, Place];
    live(world, 10);
    for (let cue = 0; cue < 100; cue++) {
      const shed = routeIn(world);
      shed.start(0);
      expect(shed.refused(a, 195)).toEqual({ do: "end" });
    }
    const route = routeIn(world);
    route.start(0);
    route.granted(a, 0);
    expect(route.hedge(70)).toBeUndefined();
  });

  test("earns one allowance, however many it is sent to", () => {
    const world = worldOf(2);
    const [a, b] = world.places as [Place, Place];
    for (let cue = 0; cue < 19; cue++) {
      const route = routeIn(world);
      route.start(0);
      route.granted(a, 0);
      route.failed(a, "model", 1);
      route.granted(b, 1);
    }
    const route = routeIn(world);
    route.start(0);
    expect(route.hedge(70)).toBeUndefined();
    route.granted(a, 80);
    expect(route.hedge(90)).toBe(b);
  });

  test("is not asked for twice where nobody waits, nobody is free, or it has text", () => {
    const world = worldOf(2);
    const [a, b] = world.places as [Place, Place];
    live(world);
    const ambience = routeIn(world, Infinity, "ambient");
    ambience.start(0);
    expect(ambience.hedgeAtMs).toBeUndefined();
    const begun = routeIn(world);
    begun.start(0);
    begun.commit(a, 50);
    expect(begun.hedge(70)).toBeUndefined();
    const busy = routeIn(world);
    busy.start(0);
    b.offer = { ...b.offer, waitMs: 1 };
    expect(busy.hedge(70)).toBeUndefined();
  });
});

test("one that is late again and again is ejected, unless it is the last", () => {
  for (const count of [1, 2]) {
    const world = worldOf(count);
    const [a] = world.places as [Place];
    for (let cue = 0; cue < 3; cue++) {
      const route = routeIn(world);
      route.start(0);
      route.granted(a, 0);
      expect(route.giveUp(true, 200)).toEqual([a]);
    }
    expect(a.trust.isEjected(200)).toBe(count > 1);
    expect(world.news).toEqual(count > 1 ? [{ kind: "ejected", who: a }] : []);
  }
});

test("one that was not likely to make it is not blamed for that, and is for its failures", () => {
  const world = worldOf(2);
  const [a, b] = world.places as [Place, Place];
  for (const place of [a, b]) place.offer = { ...place.offer, likelyMs: 240 };
  for (let cue = 0; cue < 20; cue++) {
    const route = routeIn(world);
    route.start(0);
    route.granted(a, 0);
    expect(route.giveUp(true, 200)).toEqual([a]);
  }
  expect(a.trust.isEjected(200)).toBe(false);
  // What it took is known all the same.
  expect(a.trust.p95Ms).toBe(200);
  a.offer = { ...a.offer, likelyMs: 50 };
  for (let cue = 0; cue < 3; cue++) {
    const route = routeIn(world);
    route.start(0);
    // A slot that came late left too little.
    route.granted(a, 160);
    route.giveUp(true, 200);
  }
  expect(a.trust.isEjected(200)).toBe(false);
  for (let cue = 0; cue < 3; cue++) {
    const route = routeIn(world);
    route.start(0);
    route.granted(a, 160);
    route.failed(a, "endpoint", 170);
  }
  expect(world.news).toContainEqual({ kind: "ejected", who: a });
});

const DEEDS = [
  "granted",
  "empty",
  "text",
  "failed",
  "refused",
  "preempted",
  "hedge",
  "late",
] as const;
const deed = fc.record({
  what: fc.constantFrom(...DEEDS),
  whom: fc.nat(3),
  afterMs: fc.nat(60),
});
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never;

/** One cue whose endpoints do as they like, and what its route says that must not be. */
class Journey {
  readonly wrongs: string[] = [];
  readonly #route: CueRoute<Place>;
  readonly #asked = new Set<Place>();
  readonly #open = new Set<Place>();
  #committed = false;
  /** Where it has had a slot, second requests apart. */
  readonly #sent = new Set<Place>();
  #backup: Place | undefined;
  #nowMs: number;

  constructor(world: World, startMs: number) {
    this.#nowMs = startMs;
    this.#route = routeIn(world, startMs + 200);
    const first = this.#route.start(startMs);
    if (first) this.#ask(first.ask);
  }

  get isOver(): boolean {
    return this.#open.size === 0;
  }

  get isSent(): boolean {
    return this.#sent.size > 0;
  }

  happens({ what, whom, afterMs }: Deed): void {
    this.#nowMs += afterMs;
    const stop = [...this.#open][whom % this.#open.size];
    if (!stop) return;
    if (what === "granted") this.#grant(stop);
    else if (what === "empty") this.#route.answered(stop, this.#nowMs);
    else if (what === "hedge") this.#hedge();
    else if (what === "failed")
      this.#follow(stop, () => this.#route.failed(stop, "endpoint", this.#nowMs));
    // The others do not come after the first text.
    else if (this.#committed) return;
    else if (what === "text") this.#speak(stop);
    else if (what === "late") this.#giveUp();
    else if (what === "refused") this.#follow(stop, () => this.#route.refused(stop, this.#nowMs));
    else this.#follow(stop, () => this.#route.preempted(stop));
  }

  #ask(stop: Place): void {
    if (this.#asked.has(stop)) this.wrongs.push("asked twice");
    if (this.#committed) this.wrongs.push("asked after text");
    this.#asked.add(stop);
    this.#open.add(stop);
    if (this.#open.size > 2) this.wrongs.push("three at it");
  }

  #grant(stop: Place): void {
    this.#route.granted(stop, this.#nowMs);
    if (stop !== this.#backup) this.#sent.add(stop);
  }

  #hedge(): void {
    this.#backup = this.#route.hedge(this.#nowMs) ?? this.#backup;
    if (this.#backup && !this.#asked.has(this.#backup)) this.#ask(this.#backup);
  }

  #speak(stop: Place): void {
    this.#route.answered(stop, this.#nowMs);
    for (const beaten of this.#route.commit(stop, this.#nowMs)) this.#open.delete(beaten);
    this.#committed = true;
    if (this.#open.size !== 1) this.wrongs.push("somebody is not cancelled");
  }

  #giveUp(): void {
    for (const stop of this.#route.giveUp(true, this.#nowMs)) this.#open.delete(stop);
    if (this.#open.size > 0) this.wrongs.push("somebody is not cancelled");
  }

  #follow(stop: Place, tell: () => RouteStep<Place>): void {
    this.#open.delete(stop);
    const step = tell();
    if (step.do === "ask") this.#ask(step.stop);
    if ((step.do === "end") !== this.isOver) this.wrongs.push(`${step.do} at the wrong time`);
  }
}

test("whatever happens: two at most at it, nobody twice, nobody after text, one in twenty asked for again", () => {
  const cues = fc.array(fc.array(deed, { maxLength: 12 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), cues, (count, all) => {
      const world = worldOf(count);
      let sent = 0;
      for (const [at, deeds] of all.entries()) {
        const journey = new Journey(world, at * 1_000);
        for (const one of deeds) journey.happens(one);
        expect(journey.wrongs).toEqual([]);
        if (journey.isSent) sent++;
      }
      const hedges = world.news.filter(({ kind }) => kind === "hedged").length;
      expect(hedges).toBeLessThanOrEqual(MAX_HEDGE_SHARE * sent + 1e-9);
    }),
  );
});
