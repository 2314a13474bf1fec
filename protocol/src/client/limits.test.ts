import { describe, expect, it } from "vitest";
import { connectClient, MIRA } from "../testing/connected-client.ts";

const EVENT = { event: "A bell rings.", ttftBudgetMs: 60_000 };

describe("what welcome allows", () => {
  it("bounds the lines open on the connection", () => {
    const { client, room } = connectClient({ welcome: { maxLines: 2 } });
    const lines = [1, 2, 3].map(() => room.say("mira", EVENT));
    expect(lines.map((line) => line.state.name)).toEqual(["waiting", "waiting", "ended"]);
    expect(lines[2]?.state).toMatchObject({ source: "fallback", reason: "shed" });
    expect(client.openLines).toBe(2);
    lines[0]?.cancel();
    expect(room.say("mira", EVENT).state.name).toBe("waiting");
  });

  it("bounds the lines open in one room", () => {
    const { client, room } = connectClient({ welcome: { maxLinesPerRoom: 1 } });
    const other = client.openRoom({ worldKey: "cellar" });
    other.register(MIRA);
    room.say("mira", EVENT);
    expect(room.say("mira", EVENT).state).toMatchObject({ reason: "shed" });
    expect(other.say("mira", EVENT).state.name).toBe("waiting");
  });

  it("bounds the rate of cues in one room, and lets more pass as time does", () => {
    const { clock, client, room } = connectClient({ welcome: { maxCuesPerSecondPerRoom: 2 } });
    const other = client.openRoom({ worldKey: "cellar" });
    other.register(MIRA);
    const states = [1, 2, 3].map(() => room.say("mira", EVENT).state.name);
    expect(states).toEqual(["waiting", "waiting", "ended"]);
    expect(other.say("mira", EVENT).state.name).toBe("waiting");
    clock.advance(500);
    expect(room.say("mira", EVENT).state.name).toBe("waiting");
    expect(room.say("mira", EVENT).state.name).toBe("ended");
  });

  it("bounds the rate of cues of all rooms together", () => {
    const { client, room } = connectClient({ welcome: { maxCuesPerSecondPerGame: 1 } });
    const other = client.openRoom({ worldKey: "cellar" });
    other.register(MIRA);
    room.say("mira", EVENT);
    expect(other.say("mira", EVENT).state).toMatchObject({ reason: "shed" });
  });

  it("bounds the rooms: one too many speaks authored lines until another closes", () => {
    const { clock, sidecar, client, room, troubles } = connectClient({ welcome: { maxRooms: 1 } });
    const extra = client.openRoom({ worldKey: "cellar" });
    extra.register(MIRA);
    expect(extra.say("mira", EVENT).text).toBe("Later, friend.");
    expect(troubles.join()).toContain("the sidecar allows 1 rooms");
    room.close();
    expect(extra.say("mira", EVENT).state.name).toBe("waiting");
    clock.advance(0);
    expect(sidecar.of("roomOpen").map((one) => one.worldKey)).toEqual(["tavern", "cellar"]);
  });

  it("bounds the characters of a room", () => {
    const { clock, sidecar, room, troubles } = connectClient({
      welcome: { maxCharactersPerRoom: 1 },
    });
    clock.advance(0);
    expect(sidecar.of("characterRegister").map((one) => one.character)).toEqual(["mira"]);
    expect(room.say("bram", EVENT).text).toBe("Hrm.");
    expect(troubles.join()).toContain("the sidecar allows 1 characters in a room");
  });
});
