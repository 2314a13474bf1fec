import { describe, expect, it } from "vitest";
import { createClient } from "./client.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { ScriptedSidecar } from "../testing/scripted-sidecar.ts";
import { connectClient, EVENT, FIRST_RETRY_MS, MIRA } from "../testing/connected-client.ts";
import { begin, end, text } from "../testing/line-messages.ts";

describe("a line asked for", () => {
  it("carries the cue to the sidecar and the sidecar's words to the room", async () => {
    const { clock, sidecar, client, room } = connectClient();
    const line = room.say("mira", {
      player: { id: "p1", name: "Ann" },
      said: "What is on tap?",
      context: ["It is late."],
    });
    clock.advance(10);
    expect(sidecar.of("cue")).toEqual([
      {
        kind: "cue",
        room: 1,
        line: 1,
        candidates: [["mira", 0, 255]],
        remainingMs: 185,
        priority: "reply",
        player: ["p1", "Ann"],
        said: "What is on tap?",
        event: null,
        context: ["It is late."],
        supersedes: null,
      },
    ]);
    sidecar.send(begin(line), text(line, 0, "Stout 🍺"), text(line, 7, ", dear."), end(line, 14));
    clock.advance(0);
    expect(await line.ended).toEqual({
      source: "model",
      reason: "complete",
      text: "Stout 🍺, dear.",
      ttftMs: 10,
      budgetMs: 200,
      roomStall: false,
      displayMs: 1_500,
      spansUs: [0, 0, 0, 0, 0, 0, 0],
    });
    expect(client.openLines).toBe(0);
    expect(client.hitRates).toMatchObject({ cues: 1, modelHits: 1, anyHits: 1 });
  });

  it("leaves the sidecar what the way there and back, and both guards, do not need", () => {
    const { sidecar, clock, room } = connectClient({ upDelayMs: 20, downDelayMs: 10 });
    clock.advance(30_000);
    room.say("mira", EVENT);
    clock.advance(20);
    const [cue] = sidecar.of("cue");
    expect(cue?.remainingMs).toBeLessThanOrEqual(200 - 30 - 15);
    // Round trips that are all alike leave a small variation, which is allowed for too.
    expect(cue?.remainingMs).toBeGreaterThan(200 - 45 - 15);
  });

  it("does not take the first round trip, behind all rooms and characters, for the usual one", () => {
    const { sidecar, clock, room } = connectClient();
    sidecar.answersPings = false;
    sidecar.drop();
    clock.advance(1_000);
    sidecar.answersPings = true;
    // Five pings followed the first welcome; this answers the one that followed the second.
    sidecar.send({ kind: "pong", nonce: 6 });
    clock.advance(0);
    room.say("mira", EVENT);
    clock.advance(0);
    expect(sidecar.of("cue")[0]?.remainingMs).toBe(200 - 15);
  });

  it("has odd ids that go on counting after a reconnect", () => {
    const { clock, sidecar, room } = connectClient();
    expect([room.say("mira", EVENT).id, room.say("mira", EVENT).id]).toEqual([1, 3]);
    sidecar.drop();
    clock.advance(1_000);
    expect(room.say("mira", EVENT).id).toBe(5);
  });

  it("is authored at once where no sidecar is there", () => {
    const { clock, sidecar, room } = connectClient();
    sidecar.isUp = false;
    sidecar.drop();
    clock.advance(FIRST_RETRY_MS);
    const line = room.say("mira", EVENT);
    expect(line.state).toMatchObject({ name: "ended", source: "fallback", reason: "unreachable" });
    expect(line.text).toBe("Later, friend.");
  });

  it("waits for a sidecar that may answer any moment, and is sent with the time that is left", () => {
    const clock = new FakeClock();
    const sidecar = new ScriptedSidecar({ clock, downDelayMs: 60 });
    const client = createClient({ url: "memory:", clock, openTransport: sidecar.openTransport });
    const room = client.openRoom({ worldKey: "tavern" });
    room.register(MIRA);
    const line = room.say("mira", EVENT);
    clock.advance(119);
    expect([line.state.name, sidecar.of("cue")]).toEqual(["waiting", []]);
    clock.advance(1);
    expect(line.state.name).toBe("waiting");
    clock.advance(0);
    expect(sidecar.of("cue")).toMatchObject([{ line: line.id, remainingMs: 200 - 120 - 15 }]);
    expect(sidecar.received.map(({ kind }) => kind)).toEqual([
      "hello",
      "roomOpen",
      "characterRegister",
      "cue",
    ]);
  });

  it("is authored once the first attempt has failed, or at its own deadline before that", () => {
    const clock = new FakeClock();
    const sidecar = new ScriptedSidecar({ clock, welcomes: false });
    const client = createClient({ url: "memory:", clock, openTransport: sidecar.openTransport });
    const room = client.openRoom({ worldKey: "tavern" });
    room.register(MIRA);
    const [short, long] = [200, 60_000].map((ttftBudgetMs) =>
      room.say("mira", { ...EVENT, ttftBudgetMs }),
    );
    clock.advance(190);
    expect(short?.state).toMatchObject({ name: "ended", reason: "budget" });
    expect(long?.state.name).toBe("waiting");
    clock.advance(5_000);
    expect(long?.state).toMatchObject({ name: "ended", reason: "unreachable" });
    expect(room.say("mira", EVENT).state).toMatchObject({ reason: "unreachable" });
  });

  it("is authored at once where the budget leaves the sidecar nothing", () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say("mira", { ...EVENT, ttftBudgetMs: 15 });
    clock.advance(0);
    expect(line.state).toMatchObject({ name: "ended", reason: "budget" });
    expect(sidecar.of("cue")).toEqual([]);
  });

  it("never throws: a cue that the sidecar would refuse is not sent, and told of", () => {
    const { clock, sidecar, room, troubles } = connectClient();
    const long = room.say("mira", { said: "x".repeat(2_000) });
    const nobody = room.say("nobody", EVENT);
    const none = room.say([], EVENT);
    clock.advance(0);
    for (const line of [long, nobody, none]) {
      expect(line.state).toMatchObject({ name: "ended", source: "fallback", reason: "refused" });
      expect(line.text).not.toBe("");
    }
    expect(sidecar.of("cue")).toEqual([]);
    expect(troubles.join()).toContain("cue.said: text too long: at most 1120 bytes of UTF-8");
    expect(troubles.join()).toContain("nobody is not registered in the room tavern");
  });

  it("is cancelled by its signal, also where that is aborted from the start", () => {
    const { clock, sidecar, client, room } = connectClient();
    const leaving = new AbortController();
    const line = room.say("mira", { ...EVENT, signal: leaving.signal });
    leaving.abort();
    const never = room.say("mira", { ...EVENT, signal: AbortSignal.abort() });
    clock.advance(0);
    expect(line.state).toMatchObject({ name: "ended", source: "none", reason: "cancelled" });
    expect(never.state).toMatchObject({ name: "ended", source: "none", reason: "cancelled" });
    expect(sidecar.of("cancel")[0]?.line).toBe(line.id);
    expect(sidecar.of("cue").map((cue) => cue.line)).toEqual([line.id]);
    expect(client.hitRates).toMatchObject({ cues: 0, withdrawn: 2 });
  });

  it("replaces the line that it supersedes, and no line of another room", () => {
    const { clock, sidecar, client, room } = connectClient();
    const elsewhere = client.openRoom({ worldKey: "cellar" });
    elsewhere.register(MIRA);
    const old = room.say("mira", EVENT);
    const other = elsewhere.say("mira", EVENT);
    const fresh = room.say("mira", { ...EVENT, supersedes: old });
    room.say("mira", { ...EVENT, supersedes: other });
    clock.advance(0);
    expect(old.state).toMatchObject({ name: "ended", source: "none", reason: "superseded" });
    expect(other.state.name).toBe("waiting");
    expect(fresh.state.name).toBe("waiting");
    expect(sidecar.of("cue").map((cue) => cue.supersedes)).toEqual([null, null, old.id, null]);
  });

  it("does not replace a line that answers another player", () => {
    const { clock, sidecar, room } = connectClient();
    const ana = { id: "p1", name: "Ana" };
    const ben = { id: "p2", name: "Ben" };
    const anas = room.say("mira", { ...EVENT, player: ana });
    room.say("mira", { ...EVENT, player: ben, supersedes: anas });
    clock.advance(0);
    expect(anas.state.name).toBe("waiting");
    expect(sidecar.of("cue").map((cue) => cue.supersedes)).toEqual([null, null]);
    room.say("mira", { ...EVENT, player: ana, supersedes: anas });
    expect(anas.state).toMatchObject({ name: "ended", reason: "superseded" });
  });
});

describe("several candidates", () => {
  const nearBram = [
    { character: "mira", distanceCm: 400 },
    { character: "bram", distanceCm: 150.4, attention: 9 },
  ];

  it("leave the choice to the sidecar, whose begin names the speaker", () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say(nearBram, EVENT);
    clock.advance(0);
    expect(sidecar.of("cue")[0]?.candidates).toEqual([
      ["bram", 150, 9],
      ["mira", 400, 255],
    ]);
    expect(line.character).toBe("bram");
    sidecar.send(begin(line), text(line, 0, "Hm?"));
    clock.advance(0);
    expect(line.character).toBe("mira");
    sidecar.drop();
    clock.advance(0);
    expect(line.text).toBe("Hm?… where was I?");
  });

  it("make the nearest speak where there is no sidecar", () => {
    const { clock, sidecar, room } = connectClient();
    sidecar.isUp = false;
    sidecar.drop();
    clock.advance(FIRST_RETRY_MS);
    const line = room.say(nearBram, EVENT);
    expect([line.character, line.text]).toEqual(["bram", "Hrm."]);
  });

  it("are the nearest sixteen, and only those that are registered", () => {
    const { clock, sidecar, room } = connectClient();
    const far = Array.from({ length: 20 }, (_, i) => ({
      character: i === 19 ? "mira" : `extra-${i}`,
      distanceCm: 20 - i,
    }));
    const line = room.say(far, EVENT);
    clock.advance(0);
    expect(sidecar.of("cue")[0]?.candidates).toEqual([["mira", 1, 255]]);
    expect(line.character).toBe("mira");
  });

  it("hold the sidecar to them", () => {
    const { clock, sidecar, room, troubles } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send(begin(line, "bram"));
    clock.advance(0);
    expect(line.state).toMatchObject({ name: "ended", source: "fallback", reason: "upstream" });
    expect(troubles.join()).toContain("bram speaks, whom the cue did not name");
    expect(sidecar.of("cancel")).toHaveLength(1);
  });
});

describe("a room", () => {
  it("updates and forgets characters, and tells the sidecar", () => {
    const { clock, sidecar, room } = connectClient();
    room.update({ ...MIRA, fallbacks: ["Closed!"] });
    const line = room.say("mira", EVENT);
    room.forget("mira");
    room.forget("mira");
    clock.advance(0);
    expect(line.state).toMatchObject({ name: "ended", reason: "cancelled" });
    expect(sidecar.of("characterUpdate")).toMatchObject([{ fallbacks: ["Closed!"] }]);
    expect(sidecar.of("characterForget")).toEqual([
      { kind: "characterForget", room: 1, character: "mira" },
    ]);
    expect(() => room.update(MIRA)).toThrow("mira is not registered in the room tavern");
  });

  it("refuses a character that the sidecar would refuse, naming the field", () => {
    const { room } = connectClient();
    expect(() => room.register({ ...MIRA, persona: "" })).toThrow("characterRegister.persona");
    expect(() => room.register({ ...MIRA, id: "x".repeat(129) })).toThrow("text too long");
  });

  it("cancels its lines when it closes, and is not opened again", () => {
    const { clock, sidecar, client, room } = connectClient();
    const line = room.say("mira", EVENT);
    room.close();
    room.close();
    expect(line.state).toMatchObject({ name: "ended", reason: "cancelled" });
    expect(room.say("mira", EVENT).state).toMatchObject({ name: "ended", reason: "refused" });
    clock.advance(0);
    expect(sidecar.of("roomClose")).toEqual([{ kind: "roomClose", room: 1 }]);
    sidecar.drop();
    clock.advance(1_000);
    expect(sidecar.of("roomOpen")).toHaveLength(1);
    expect(client.openLines).toBe(0);
  });
});
