import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { CueRoute } from "../policy/cue-route.ts";
import { type Decision, Scheduler } from "../policy/scheduler.ts";
import type { Wish } from "../policy/wish.ts";
import { scenarioSchema } from "./scenario.ts";

const SOURCES = dirname(import.meta.dirname);

class ShedsPlayers<Owner> extends Scheduler<Owner> {
  override ask(owner: Owner, wish: Wish, nowMs: number): Decision<Owner>[] {
    return wish.priority === "ambient" ? super.ask(owner, wish, nowMs) : [{ do: "shed", owner }];
  }
}

class AsksNobody extends CueRoute<never> {
  override start(): undefined {
    return undefined;
  }
}

/** The module and all that it imports of the sidecar's own, as paths below its sources. */
function reached(from: string, seen = new Set<string>()): Set<string> {
  if (seen.has(from)) return seen;
  seen.add(from);
  const text = readFileSync(join(SOURCES, from), "utf8");
  for (const [, path = ""] of text.matchAll(/from "(\.[^"]+)"/gu)) {
    reached(normalize(join(dirname(from), path)), seen);
  }
  return seen;
}

describe("the simulator", () => {
  test.each(["simulate/simulation.ts", "server.ts"])(
    "decides by the modules of policy/, and so does the server: %s",
    (module) => {
      const modules = reached(module);
      const wanted = [
        "scheduler",
        "predictor",
        "prefix-ledger",
        "warmth",
        "budget",
        "rate",
        "wedge",
        "cue-route",
        "roster",
        "trust",
        "placement",
        "spill-over",
        "ejection",
        "hedging",
      ];
      for (const name of wanted) expect(modules).toContain(`policy/${name}.ts`);
    },
  );

  test("has no second scheduler, predictor, ledger or route: their names are declared in policy/ alone", () => {
    const declared =
      /\bclass (\w*(?:Scheduler|Predict|Ledger|Warmth|Shares|Queue|Slots|Route\b|Trust|Allowance)\w*)/u;
    const files = globSync("{simulate,cli}/**/*.ts", { cwd: SOURCES });
    const elsewhere = files.filter(
      (file) =>
        !file.endsWith(".test.ts") && declared.test(readFileSync(join(SOURCES, file), "utf8")),
    );
    expect(files.length).toBeGreaterThan(20);
    expect(elsewhere).toEqual([]);
  });

  test("does as they decide: a scheduler that sheds everything leaves the model no line", async () => {
    vi.resetModules();
    vi.doMock("../policy/scheduler.ts", () => ({ Scheduler: ShedsPlayers }));
    const { simulate } = await import("./simulation.ts");
    const figures = simulate(scenarioSchema.parse({ players: 20, minutes: 1 }));
    vi.doUnmock("../policy/scheduler.ts");
    expect(figures).toMatchObject({ modelHitRate: 0, anyHitRate: 1 });
    expect(figures.cues).toBeGreaterThan(20);
  });

  test("does as they decide: a route that asks nobody leaves several endpoints no line", async () => {
    vi.resetModules();
    vi.doMock("../policy/cue-route.ts", () => ({ CueRoute: AsksNobody }));
    const { simulate } = await import("./simulation.ts");
    const play = (endpoints: readonly object[]) =>
      simulate(scenarioSchema.parse({ players: 20, minutes: 1, endpoints }));
    const [one, two] = [play([{}]), play([{}, {}])];
    vi.doUnmock("../policy/cue-route.ts");
    expect(two).toMatchObject({ modelHitRate: 0, anyHitRate: 1 });
    expect(one.modelHitRate).toBeGreaterThan(0);
  });
});
