import { describe, expect, it } from "vitest";
import { connectClient, EVENT, FIRST_RETRY_MS } from "../testing/connected-client.ts";

describe("what the sidecar is told of lines", () => {
  it("is the outcome of each, once, after its end", () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say("mira", EVENT);
    clock.advance(1_000);
    expect(line.state.name).toBe("ended");
    expect(sidecar.of("outcome")).toEqual([
      {
        kind: "outcome",
        line: line.id,
        room: 1,
        character: "mira",
        priority: "nearby",
        source: "fallback",
        ttftUs: 190_000,
        budgetMs: 200,
        roomStall: false,
        withdrawn: false,
      },
    ]);
  });

  it("covers lines that never reached it, on the next connection", () => {
    const { clock, sidecar, room } = connectClient();
    sidecar.isUp = false;
    sidecar.drop();
    clock.advance(FIRST_RETRY_MS);
    const lines = [room.say("mira", EVENT), room.say("bram", EVENT)];
    expect(sidecar.of("outcome")).toEqual([]);
    sidecar.isUp = true;
    clock.advance(5_000);
    expect(sidecar.of("outcome").map((one) => one.line)).toEqual(lines.map((line) => line.id));
  });

  it("forgets the oldest where more than 1,024 outcomes wait", () => {
    const { clock, sidecar, room } = connectClient();
    sidecar.isUp = false;
    sidecar.drop();
    clock.advance(FIRST_RETRY_MS);
    for (let count = 0; count < 1_030; count++) room.say("mira", EVENT);
    sidecar.isUp = true;
    clock.advance(5_000);
    expect(sidecar.of("outcome")).toHaveLength(1_024);
    expect(sidecar.of("outcome")[0]?.line).toBe(13);
  });

  it("leaves out an outcome that it would refuse", () => {
    const { clock, sidecar, room } = connectClient();
    room.say("x".repeat(200), EVENT);
    clock.advance(0);
    expect(sidecar.of("outcome")).toEqual([]);
  });

  it("says how much a player has received, also after the line's end", () => {
    const { clock, sidecar, room, troubles } = connectClient();
    const line = room.say("mira", EVENT);
    line.cancel();
    line.heard("p1", 12);
    line.heard("", 12);
    clock.advance(0);
    expect(sidecar.of("heard")).toEqual([
      { kind: "heard", line: line.id, player: "p1", offset: 12 },
    ]);
    expect(troubles.join()).toContain("heard.player");
  });

  it("counts hits, withdrawn and ambient cues apart", () => {
    const { clock, client, room } = connectClient();
    room.say("mira", EVENT);
    room.say("mira", { ...EVENT, priority: "ambient" });
    room.say("mira", EVENT).cancel();
    clock.advance(1_000);
    expect(client.hitRates).toEqual({
      cues: 1,
      modelHits: 0,
      anyHits: 1,
      ambient: 1,
      withdrawn: 1,
      silences: 0,
      roomStalls: 0,
    });
  });
});
