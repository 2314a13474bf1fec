/** A game process of the benches: `game-process.ts PEER AT CONNECTIONS`. */
import { answerParent } from "./child.ts";
import type { Arrivals, GameQuestion, Heard, Held, Release } from "./game.ts";
import { heldMsIn, isWhole, type Pace } from "./pace.ts";
import { connectPeer, type PeerName } from "./peers.ts";
import { seededRandom } from "./random.ts";
import {
  evenSchedule,
  keepSchedule,
  type Launches,
  launchesOf,
  poissonSchedule,
  preciseClock,
} from "./schedule.ts";

const [, , peerName = "direct", at = "", connections = "1"] = process.argv;
const connecting = connectPeer(peerName as PeerName, at, Number(connections));

/** Gaps kept of one run; more say nothing more. */
const MAX_GAPS = 50_000;

/** What is heard from one question to the next. */
class Ear {
  whole = 0;
  broken = 0;
  readonly ttftMs: number[] = [];
  readonly transitMs: number[] = [];
  readonly gapsMs: number[] = [];
  readonly endLateMs: number[] = [];

  told(launches?: Launches): Heard {
    const { whole, broken, ttftMs, transitMs, gapsMs, endLateMs } = this;
    return { whole, broken, ttftMs, transitMs, gapsMs, endLateMs, launches };
  }
}

let ear = new Ear();
let release: ((how: Release) => Promise<void>) | undefined;

/** Speaks one line and listens to it; `onEnd` is told once, `onFirst` at its first text. */
async function speaker() {
  const peer = await connecting;
  return (pace: Pace, dueMs: number, onEnd: () => void, onFirst?: () => void): (() => void) => {
    let text = "";
    let lastMs = 0;
    return peer.say(pace, {
      text(piece) {
        const nowMs = performance.now();
        if (text === "") {
          ear.ttftMs.push(nowMs - dueMs);
          ear.transitMs.push(nowMs - dueMs - heldMsIn(piece));
          onFirst?.();
        } else if (ear.gapsMs.length < MAX_GAPS) ear.gapsMs.push(nowMs - lastMs);
        lastMs = nowMs;
        text += piece;
      },
      end(ended) {
        const paceMs = pace.prefillMs + (pace.tokens - 1) * pace.gapMs;
        ear.endLateMs.push(performance.now() - dueMs - paceMs);
        if (ended && isWhole(text, pace.tokens)) ear.whole++;
        else ear.broken++;
        onEnd();
      },
    });
  };
}

async function arrive({ perSecond, forMs, seed, pace }: Arrivals): Promise<Heard> {
  ear = new Ear();
  const speak = await speaker();
  const schedule = poissonSchedule(perSecond, forMs, seededRandom(seed));
  const latenessMs: number[] = [];
  const all = Promise.withResolvers<void>();
  let open = schedule.length;
  await keepSchedule(schedule, preciseClock, (_index, dueMs) => {
    latenessMs.push(performance.now() - dueMs);
    speak(pace, dueMs, () => --open === 0 && all.resolve());
  });
  if (schedule.length > 0) await all.promise;
  return ear.told(launchesOf(schedule, forMs, latenessMs));
}

async function hold({ streams, rampMs, pace }: Held): Promise<Heard> {
  ear = new Ear();
  const speak = await speaker();
  const giveUps = new Map<number, () => void>();
  const begun = Promise.withResolvers<void>();
  const quiet = Promise.withResolvers<void>();
  let waiting = streams;
  let holding = true;
  const next = (index: number, onFirst?: () => void): void => {
    giveUps.set(
      index,
      speak(pace, performance.now(), () => again(index), onFirst),
    );
  };
  const again = (index: number): void => {
    if (holding) return void setImmediate(next, index);
    giveUps.delete(index);
    if (giveUps.size === 0) quiet.resolve();
  };
  release = async (how) => {
    holding = false;
    if (how === "drain") return quiet.promise;
    for (const giveUp of giveUps.values()) giveUp();
  };
  await keepSchedule(evenSchedule(streams, rampMs), preciseClock, (index) =>
    next(index, () => --waiting === 0 && begun.resolve()),
  );
  await begun.promise;
  return ear.told();
}

async function released(how: Release): Promise<Heard> {
  const heard = ear;
  if (how === "cut") ear = new Ear();
  await release?.(how);
  release = undefined;
  return heard.told();
}

answerParent((question: GameQuestion): Heard | Promise<Heard> => {
  switch (question.ask) {
    case "ready":
      return connecting.then(() => ear.told());
    case "arrivals":
      return arrive(question.arrivals);
    case "hold":
      return hold(question.held);
    case "release":
      return released(question.how);
  }
});
