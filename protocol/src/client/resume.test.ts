import { describe, expect, it } from "vitest";
import {
  connectClient,
  type ConnectedClient,
  EVENT,
  FIRST_RETRY_MS,
} from "../testing/connected-client.ts";
import { begin, end, text } from "../testing/line-messages.ts";
import type { ScriptedSidecarOptions } from "../testing/scripted-sidecar.ts";

const PATIENT = { ...EVENT, ttftBudgetMs: 10_000 };
const WINDOW_MS = 5_000;
const SESSION = Uint8Array.from({ length: 16 }, (_, index) => index);

/** A client whose sidecar keeps sessions; the next welcome says `resumed` if the test says so. */
function connectResumable(
  delays: { readonly downDelayMs?: number } = {},
): ConnectedClient & { readonly answer: { resumed: boolean; epoch: number } } {
  const answer = { resumed: false, epoch: 1 };
  const welcome: ScriptedSidecarOptions["welcome"] = {
    capabilities: ["resume"],
    session: SESSION,
    resumeWindowMs: WINDOW_MS,
    get resumed() {
      return answer.resumed;
    },
    get epoch() {
      return answer.epoch;
    },
  };
  return { ...connectClient({ welcome, ...delays }), answer };
}

function cut({ clock, sidecar, answer }: ReturnType<typeof connectResumable>): void {
  clock.advance(0);
  answer.resumed = true;
  sidecar.received.length = 0;
  sidecar.drop();
  clock.advance(0);
}

describe("a client whose connection is lost", () => {
  it("names its session, says where its lines stand before anything else, and goes on", () => {
    const game = connectResumable();
    const { clock, sidecar, room } = game;
    const [speaking, waiting, over] = [1, 2, 3].map(() => room.say("mira", PATIENT));
    if (!speaking || !waiting || !over) throw new Error("three lines");
    sidecar.send(begin(speaking), text(speaking, 0, "Stout 🍺"));
    sidecar.send(begin(over), text(over, 0, "Aye."), end(over, 4));
    clock.advance(100);
    cut(game);
    expect([speaking.state.name, waiting.state.name]).toEqual(["speaking", "waiting"]);
    clock.advance(FIRST_RETRY_MS);
    expect(sidecar.received.slice(0, 2)).toMatchObject([
      { kind: "hello", capabilities: ["resume"], session: SESSION },
      {
        kind: "resume",
        lines: [
          [speaking.id, 7],
          [waiting.id, 0],
        ],
        more: false,
      },
    ]);
    sidecar.send(text(speaking, 7, ", dear."), end(speaking, 14));
    clock.advance(0);
    expect(speaking.state.name).toBe("ended");
    expect(speaking.text).toBe("Stout 🍺, dear.");
  });

  it("names what it ended itself meanwhile, with nothing of its text wanted", () => {
    const game = connectResumable();
    const { clock, sidecar, room } = game;
    const mine = room.say("mira", PATIENT);
    const late = room.say("bram", { ...PATIENT, ttftBudgetMs: 30 });
    cut(game);
    mine.cancel();
    clock.advance(FIRST_RETRY_MS);
    expect(late.state).toMatchObject({ name: "ended", reason: "budget" });
    expect(sidecar.of("resume")).toMatchObject([
      {
        lines: [
          [mine.id, null],
          [late.id, null],
        ],
      },
    ]);
    expect(sidecar.of("outcome").map(({ line }) => line)).toEqual([mine.id, late.id]);
  });

  it("has a cue wait that was asked for meanwhile", () => {
    const game = connectResumable();
    const { clock, sidecar, room } = game;
    cut(game);
    const line = room.say("mira", PATIENT);
    clock.advance(FIRST_RETRY_MS);
    expect(sidecar.received.map(({ kind }) => kind)).toEqual(["hello", "resume", "cue"]);
    expect(sidecar.of("cue")).toMatchObject([{ line: line.id, remainingMs: 10_000 - 37.5 - 15.5 }]);
  });

  it("asks again for a line that the sidecar does not know, while there is time", () => {
    const game = connectResumable();
    const { clock, sidecar, room } = game;
    const line = room.say("mira", PATIENT);
    const short = room.say("mira", { ...PATIENT, ttftBudgetMs: 60 });
    cut(game);
    clock.advance(FIRST_RETRY_MS);
    for (const { id } of [line, short]) {
      const about = { room: null, line: id, scene: null };
      sidecar.send({ kind: "error", code: "unknown_line", message: "never came", ...about });
    }
    clock.advance(0);
    expect(sidecar.of("cue").map((cue) => cue.line)).toEqual([line.id]);
    expect(line.state.name).toBe("waiting");
    expect(short.state).toMatchObject({ name: "ended", source: "fallback" });
  });

  it("says again what the sidecar may not have had, the latest of each, and no more", () => {
    const game = connectResumable();
    const { clock, sidecar, room, client } = game;
    clock.advance(20_000);
    room.forget("bram");
    room.register({ id: "odo", name: "Odo", persona: "Sleeps.", fallbacks: ["Zzz."] });
    room.update({ id: "odo", name: "Odo", persona: "Wakes.", fallbacks: ["Hm?"] });
    const line = room.say("mira", PATIENT);
    line.heard("p1", 3);
    line.heard("p1", 2);
    cut(game);
    client.openRoom({ worldKey: "cellar" });
    clock.advance(FIRST_RETRY_MS);
    expect(sidecar.received.slice(2)).toMatchObject([
      { kind: "characterForget", character: "bram" },
      { kind: "characterUpdate", character: "odo", persona: "Wakes." },
      { kind: "heard", player: "p1", offset: 3 },
      { kind: "roomOpen", worldKey: "cellar" },
    ]);
  });

  it("ends its lines with a reason once the window has passed", async () => {
    const game = connectResumable();
    const { clock, sidecar, room } = game;
    const [speaking, waiting] = [room.say("mira", PATIENT), room.say("bram", PATIENT)];
    sidecar.send(begin(speaking), text(speaking, 0, "Well"));
    clock.advance(0);
    sidecar.isUp = false;
    cut(game);
    clock.advance(WINDOW_MS - 1);
    expect([speaking.state.name, waiting.state.name]).toEqual(["speaking", "waiting"]);
    clock.advance(1);
    expect(await speaking.ended).toMatchObject({ reason: "truncated", text: "Well… where was I?" });
    expect(await waiting.ended).toMatchObject({ source: "fallback", reason: "unreachable" });
    sidecar.isUp = true;
    clock.advance(2_000);
    expect(sidecar.of("hello").at(-1)).toMatchObject({ session: null });
  });

  it("ends the lines that have text at once where nothing listens any more, and asks the next sidecar for the others", async () => {
    const game = connectResumable();
    const { clock, sidecar, room, answer } = game;
    const [speaking, waiting] = [room.say("mira", PATIENT), room.say("bram", PATIENT)];
    sidecar.send(begin(speaking), text(speaking, 0, "Well"));
    clock.advance(0);
    sidecar.isDead = true;
    cut(game);
    expect(speaking.state.name).toBe("speaking");
    clock.advance(FIRST_RETRY_MS);
    expect(await speaking.ended).toMatchObject({ reason: "truncated", text: "Well… where was I?" });
    expect(waiting.state.name).toBe("waiting");
    sidecar.isDead = false;
    Object.assign(answer, { resumed: false, epoch: 2 });
    clock.advance(2 * FIRST_RETRY_MS);
    expect(sidecar.of("cue").map(({ line }) => line)).toEqual([waiting.id]);
  });

  it("starts over with a sidecar that was restarted: rooms, characters, and cues without text", async () => {
    const game = connectResumable();
    const { clock, sidecar, room, answer } = game;
    const [speaking, waiting] = [room.say("mira", PATIENT), room.say("bram", PATIENT)];
    sidecar.send(begin(speaking), text(speaking, 0, "Well"));
    clock.advance(0);
    cut(game);
    Object.assign(answer, { resumed: false, epoch: 2 });
    clock.advance(FIRST_RETRY_MS);
    expect(await speaking.ended).toMatchObject({ reason: "truncated" });
    expect(sidecar.received.map(({ kind }) => kind)).toEqual([
      "hello",
      "outcome",
      "roomOpen",
      "characterRegister",
      "characterRegister",
      "cue",
    ]);
    expect(sidecar.of("cue")).toMatchObject([{ line: waiting.id, remainingMs: 9_947 }]);
  });

  it("starts over after a breach of the sidecar's: the same bytes could come again", () => {
    const game = connectResumable();
    const { clock, sidecar } = game;
    sidecar.received.length = 0;
    sidecar.sendBytes(Uint8Array.of(0xc1));
    clock.advance(FIRST_RETRY_MS);
    expect(sidecar.of("hello")).toMatchObject([{ session: null }]);
  });

  it("wants nothing of a session that it gave up while the sidecar thought about it", () => {
    const game = connectResumable({ downDelayMs: 3_000 });
    const { clock, sidecar, client, answer } = game;
    cut(game);
    clock.advance(3_000 + FIRST_RETRY_MS + 2 * 3_000);
    expect(sidecar.of("hello")).toMatchObject([{ session: SESSION }]);
    expect(client.state).toMatchObject({ why: "the session had been given up" });
    answer.resumed = false;
    clock.advance(7_000);
    expect(sidecar.of("hello").at(-1)).toMatchObject({ session: null });
    expect(client.state.name).toBe("open");
  });
});
