import { describe, expect, it, vi } from "vitest";
import { connectClient, EVENT } from "../testing/connected-client.ts";
import { begin, end, text } from "../testing/line-messages.ts";

describe("the client's own deadline", () => {
  it("speaks the fallback inside the budget, and never before the guard", () => {
    const { clock, sidecar, client, room } = connectClient();
    const line = room.say("mira", EVENT);
    clock.advance(189.9);
    expect(line.state.name).toBe("waiting");
    clock.advance(0.1);
    expect(line.state).toMatchObject({ name: "ended", source: "fallback", reason: "budget" });
    clock.advance(0);
    expect(sidecar.of("cancel")).toEqual([{ kind: "cancel", line: line.id }]);
    expect(client.hitRates).toMatchObject({ cues: 1, modelHits: 0, anyHits: 1, roomStalls: 0 });
  });

  it("of a line without any time is missed at once, which is no stall of the room's", async () => {
    const { clock, room } = connectClient();
    const now = clock.nowMs.bind(clock);
    vi.spyOn(clock, "nowMs").mockImplementation(() => {
      clock.block(0.01);
      return now();
    });
    const { budgetMs, ttftMs, roomStall } = await room.say("mira", { ...EVENT, ttftBudgetMs: 0 })
      .ended;
    expect(ttftMs).toBeGreaterThan(budgetMs);
    expect(roomStall).toBe(false);
  });

  it("is met by the first text, after which the line may take its time", () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send(begin(line), text(line, 0, "Well"));
    clock.advance(60_000);
    expect(line.state).toMatchObject({ name: "speaking", source: "model", length: 4 });
  });

  it("is not met by a begin without text", async () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send(begin(line));
    clock.advance(200);
    expect(await line.ended).toMatchObject({ source: "fallback", reason: "budget", ttftMs: 190 });
  });

  it("takes text that waits in the socket while the loop was blocked, and counts the stall", async () => {
    const { clock, sidecar, client, room } = connectClient({ downDelayMs: 250 });
    const line = room.say("mira", { ...EVENT, ttftBudgetMs: 2_000 });
    clock.advance(1_800);
    sidecar.send(begin(line), text(line, 0, "Ah."), end(line, 3));
    // The text comes 60 ms after the client's deadline, to a loop that sees both at once.
    clock.block(300);
    clock.turn();
    clock.advance(0);
    expect(await line.ended).toMatchObject({ source: "model", ttftMs: 2_100, roomStall: true });
    expect(client.hitRates).toMatchObject({ cues: 1, modelHits: 0, anyHits: 0, roomStalls: 1 });
  });

  it("speaks the fallback after a blocked loop where no text waits", async () => {
    const { clock, client, room } = connectClient();
    const line = room.say("mira", EVENT);
    clock.block(300);
    clock.turn();
    clock.advance(0);
    expect(await line.ended).toMatchObject({ source: "fallback", roomStall: true, ttftMs: 300 });
    expect(client.hitRates).toMatchObject({ anyHits: 0, roomStalls: 1 });
  });
});

describe("a line read as a stream", () => {
  it("yields its text in pieces, whole, and ends", async () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say("mira", EVENT);
    const pieces: string[] = [];
    const reading = (async () => {
      for await (const piece of line) {
        pieces.push(piece);
        sidecar.send(text(line, 5, " there"), end(line, 11));
        clock.advance(0);
      }
    })();
    sidecar.send(begin(line), text(line, 0, "Hello"));
    clock.advance(0);
    await reading;
    expect(pieces).toEqual(["Hello", " there"]);
    expect(sidecar.of("cancel")).toEqual([]);
  });

  it("yields the whole text to who comes late", async () => {
    const { clock, room } = connectClient();
    const line = room.say("mira", EVENT);
    clock.advance(200);
    const pieces: string[] = [];
    for await (const piece of line) pieces.push(piece);
    expect(pieces).toEqual(["Later, friend."]);
  });

  it("is cancelled upstream when the loop is left", async () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send(begin(line), text(line, 0, "Hello"));
    clock.advance(0);
    for await (const piece of line) {
      expect(piece).toBe("Hello");
      break;
    }
    expect(await line.ended).toMatchObject({ source: "model", reason: "cancelled", text: "Hello" });
    clock.advance(0);
    expect(sidecar.of("cancel")).toEqual([{ kind: "cancel", line: line.id }]);
  });
});

describe("observers", () => {
  it("hear each piece with its offset in code points, then the end, once", () => {
    const { clock, sidecar, room } = connectClient();
    const heard: unknown[] = [];
    const line = room.say("mira", {
      ...EVENT,
      onText: (words, offset) => heard.push([words, offset]),
      onEnd: (result) => heard.push(result.reason),
    });
    sidecar.send(begin(line), text(line, 0, "🍺"), text(line, 1, "!"), end(line, 2), end(line, 2));
    clock.advance(0);
    expect(heard).toEqual([["🍺", 0], ["!", 1], "complete"]);
  });

  it("that throw are told of and harm nobody", () => {
    const { clock, room, troubles } = connectClient();
    const line = room.say("mira", {
      ...EVENT,
      onText: () => {
        throw new Error("no bubble");
      },
      onEnd: () => {
        throw new Error("no bubble left");
      },
    });
    clock.advance(200);
    expect(line.state).toMatchObject({ name: "ended", reason: "budget" });
    expect(troubles.slice(-2)).toEqual([
      "a line's observer threw: Error: no bubble",
      "a line's observer threw: Error: no bubble left",
    ]);
  });

  it("may cancel the line from within, also a fallback", async () => {
    const { clock, room } = connectClient();
    const line = room.say("mira", { ...EVENT, onText: (_text, _offset, self) => self.cancel() });
    clock.advance(200);
    expect(await line.ended).toMatchObject({ source: "fallback", reason: "cancelled" });
  });

  it("outlive a game whose own logging throws", () => {
    const { clock, room } = connectClient(
      {},
      {
        onTrouble: () => {
          throw new Error("disk full");
        },
      },
    );
    const line = room.say("nobody", EVENT);
    clock.advance(200);
    expect(line.state.name).toBe("ended");
  });
});

describe("a line that cannot go on", () => {
  it("ends in character where it has text, and is authored where it has none", async () => {
    const { clock, sidecar, room } = connectClient();
    const speaking = room.say("mira", EVENT);
    const begun = room.say("mira", EVENT);
    const waiting = room.say("mira", EVENT);
    sidecar.send(begin(speaking), text(speaking, 0, "As I said"), begin(begun));
    clock.advance(0);
    sidecar.isUp = false;
    sidecar.drop();
    clock.advance(50);
    expect(await speaking.ended).toMatchObject({
      source: "model",
      reason: "truncated",
      text: "As I said… where was I?",
    });
    const authored = { source: "fallback", reason: "unreachable", text: "Later, friend." };
    expect(await begun.ended).toMatchObject(authored);
    expect(await waiting.ended).toMatchObject(authored);
  });

  it("is ended by an error that names it", async () => {
    const { clock, sidecar, client, room } = connectClient();
    const waiting = room.say("mira", EVENT);
    const speaking = room.say("mira", EVENT);
    sidecar.send(begin(speaking), text(speaking, 0, "So"));
    for (const { id } of [waiting, speaking]) {
      const about = { room: 1, line: id, scene: null };
      sidecar.send({ kind: "error", code: "internal", message: "oops", ...about });
    }
    clock.advance(0);
    expect(await waiting.ended).toMatchObject({ source: "fallback", reason: "refused" });
    expect(await speaking.ended).toMatchObject({ source: "model", reason: "truncated" });
    expect(client.openLines).toBe(0);
  });

  it("is cut where an offset is wrong, and the sidecar is told to stop", async () => {
    const { clock, sidecar, room, troubles } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send(begin(line), text(line, 0, "One"), text(line, 4, "four"));
    clock.advance(0);
    expect(await line.ended).toMatchObject({ reason: "truncated", text: "One… where was I?" });
    expect(troubles.join()).toContain("text at offset 4, expected 3");
    expect(sidecar.of("cancel")).toHaveLength(1);
  });

  it("is authored where text comes before its begin", async () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send(text(line, 0, "One"));
    clock.advance(0);
    expect(await line.ended).toMatchObject({ source: "fallback", reason: "upstream" });
  });

  it("is cut where its end counts other text than came", async () => {
    const { clock, sidecar, room, troubles } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send(begin(line), text(line, 0, "One"), end(line, 9));
    clock.advance(0);
    expect(await line.ended).toMatchObject({ reason: "truncated" });
    expect(troubles.join()).toContain("end at 9 code points, received 3");
  });

  it("does without a closer where the line is as long as a line may be", async () => {
    const { clock, sidecar, room } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send(begin(line), text(line, 0, "x".repeat(4_096)), text(line, 4_096, "y"));
    clock.advance(0);
    expect(await line.ended).toMatchObject({ reason: "truncated", text: "x".repeat(4_096) });
  });

  it("ends as the sidecar says where silence was chosen", async () => {
    const { clock, sidecar, client, room } = connectClient();
    const line = room.say("mira", EVENT);
    sidecar.send({ ...end(line, 0), source: "none", reason: "silence" });
    clock.advance(0);
    expect(await line.ended).toMatchObject({ source: "none", reason: "silence", text: "" });
    expect(client.hitRates).toMatchObject({ cues: 0, silences: 1 });
  });

  it("hears nothing after its end", async () => {
    const { clock, sidecar, room, troubles } = connectClient();
    const line = room.say("mira", EVENT);
    line.cancel();
    sidecar.send(begin(line), text(line, 0, "Late"), end(line, 4));
    clock.advance(0);
    expect(line.text).toBe("");
    expect(troubles).toEqual([]);
  });
});
