import { countCodePoints } from "@banterwire/protocol";
import { createClient, type LineResult, type Transport } from "@banterwire/protocol/client";
import { FakeClock, memoryTransport } from "@banterwire/protocol/testing";
import { expect, test } from "vitest";
import { NO_CARDS } from "../config/card.ts";
import { DEFAULT_CONFIG, limitsOf } from "../config.ts";
import { Connection } from "../connection.ts";
import type { Happening } from "../happening.ts";
import { HitBook } from "../observe/hit-book.ts";
import { RateLimit } from "../policy/rate.ts";
import { HandUpstream } from "../testing/hand-upstream.ts";
import { SessionTable } from "./session-table.ts";

const WORDS = ["Stout", " 🍺 and", " bread,", " dear", " Ann."];
const GAP_MS = 12;
/** The guards of deadlines, and a round trip. */
const BUDGET_MS = 2_000;
/** Hello and welcome. */
const GREETING_MESSAGES = 2;
const FALLBACKS = ["Later, friend."] as const;

interface Played {
  /** Messages that were sent, both ways, over all connections. */
  readonly messages: number;
  /** What is wrong with what the room heard, or with the books. */
  readonly wrong: readonly string[];
}

/**
 * One conversation: a line that is heard to its end, one that is cancelled in the middle, one that
 * supersedes another, and one that comes late; with the connection cut after so many messages,
 * everything under way lost.
 */
function play(cuts: readonly number[]): Played {
  const clock = new FakeClock();
  const upstream = new HandUpstream();
  const book = new HitBook();
  const owed = new Map<string, number>();
  const observe = (happening: Happening): void => {
    book.observe(happening, clock.nowMs());
    if (happening.kind !== "cueTaken" && happening.kind !== "lineEnded") return;
    const key = `${happening.connection}/${happening.line}`;
    owed.set(key, (owed.get(key) ?? 0) + (happening.kind === "cueTaken" ? 1 : -1));
  };
  const sessions = new SessionTable({
    upstream,
    clock,
    observe,
    cards: () => NO_CARDS,
    gameRate: new RateLimit(1_000, 0),
    limits: () => limitsOf(DEFAULT_CONFIG),
    memory: () => DEFAULT_CONFIG,
    resumeWindowMs: () => DEFAULT_CONFIG.resumeWindowMs,
    maxDetached: () => 1,
  });
  let messages = 0;
  let ofConnection = 0;
  /** An attempt to connect failed: lines that waited for it are authored at once. */
  let hasFailed = false;
  const counted = (transport: Transport): Transport => ({
    send(bytes) {
      transport.send(bytes);
      ofConnection++;
      if (!cuts.includes(++messages)) return;
      hasFailed ||= ofConnection <= GREETING_MESSAGES;
      transport.abort();
    },
    close: (code, reason) => transport.close(code, reason),
    abort: () => transport.abort(),
    get bufferedBytes() {
      return 0;
    },
  });
  let connections = 0;
  const openTransport = memoryTransport({
    clock,
    upDelayMs: 3,
    downDelayMs: 2,
    abortLoses: true,
    accept(transport) {
      const connection = new Connection({
        socket: counted(transport),
        game: undefined,
        connection: ++connections,
        sessions,
        observe,
        clock,
        ttftBudgetMs: 200,
        epoch: 1,
      });
      return {
        received: (bytes) => connection.receive(bytes, true),
        lost: (_why, closeCode) => connection.lost(closeCode),
      };
    },
  });
  const client = createClient({
    url: "memory:",
    clock,
    random: () => 0.5,
    openTransport(events) {
      ofConnection = 0;
      return counted(openTransport(events));
    },
  });
  const wrong: string[] = [];
  const ends = new Map<string, LineResult[]>();
  const ask = (name: string, more: object = {}) => {
    let text = "";
    ends.set(name, []);
    return room.say("mira", {
      event: name,
      ttftBudgetMs: BUDGET_MS,
      onText(piece, offset) {
        if (offset !== countCodePoints(text)) wrong.push(`${name}: text at ${offset}`);
        if (ends.get(name)?.length) wrong.push(`${name}: text after its end`);
        text += piece;
      },
      onEnd(result) {
        ends.get(name)?.push(result);
        if (result.text !== text) wrong.push(`${name}: heard "${text}", told "${result.text}"`);
      },
      ...more,
    });
  };
  /** The engine answers whatever it is asked. */
  let answered = 0;
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed++) {
      clock.advance(1);
      for (const generation of upstream.asked.slice(answered)) {
        answered++;
        generation.grant();
        const steps = [
          ...WORDS.map((word) => () => generation.text(word)),
          () => generation.done(),
        ];
        for (const [index, step] of steps.entries()) clock.schedule(GAP_MS * (index + 1), step);
      }
    }
  };

  const room = client.openRoom({ worldKey: "tavern" });
  room.register({ id: "mira", name: "Mira", persona: "Keeps the bar.", fallbacks: FALLBACKS });
  pass(5);
  const whole = ask("whole");
  pass(20);
  const cancelled = ask("cancelled");
  const older = ask("older");
  pass(30);
  cancelled.cancel();
  ask("newer", { supersedes: older });
  pass(10);
  whole.heard("p1", 3);
  pass(150);
  ask("late");
  pass(8_000);

  for (const [name, [end, ...others]] of ends) {
    if (!end || others.length > 0) wrong.push(`${name}: ${end ? others.length + 1 : 0} ends`);
    const isWhole = end?.source === "model" && end.reason === "complete";
    if (isWhole && end.text !== WORDS.join("")) wrong.push(`${name}: complete with "${end.text}"`);
    const isUnreachable = hasFailed && end?.reason === "unreachable";
    if (["whole", "newer", "late"].includes(name) && !isWhole && !isUnreachable) {
      wrong.push(`${name}: ${end?.source} ${end?.reason} "${end?.text}"`);
    }
  }
  if (client.openLines + sessions.openLines > 0) wrong.push("lines are open");
  for (const [line, debt] of owed) if (debt !== 0) wrong.push(`line ${line}: owed ${debt}`);
  const { unreported, ...told } = book.sinceStart(clock.nowMs());
  if (unreported > 0) wrong.push(`${unreported} outcomes were lost`);
  if (JSON.stringify(told) !== JSON.stringify(client.hitRates)) {
    wrong.push(`books: ${JSON.stringify(told)} and ${JSON.stringify(client.hitRates)}`);
  }
  client.close();
  pass(DEFAULT_CONFIG.resumeWindowMs + 10);
  if (sessions.rooms + sessions.detached + clock.pending > 0) wrong.push("something is left");
  return { messages, wrong };
}

test("a conversation that is cut after any of its messages is heard once, in order and whole", () => {
  const { messages, wrong } = play([]);
  expect(wrong).toEqual([]);
  expect(messages).toBeGreaterThan(40);
  for (let cut = 1; cut <= messages; cut++) {
    expect(play([cut]).wrong, `cut after ${cut} of ${messages}`).toEqual([]);
  }
});

test("one that is cut twice, the second time while it is resumed or after, too", () => {
  for (let cut = 1; cut <= play([]).messages; cut++) {
    for (let later = 1; later <= 12; later++) {
      expect(play([cut, cut + later]).wrong, `cut after ${cut} and ${later} more`).toEqual([]);
    }
  }
});
