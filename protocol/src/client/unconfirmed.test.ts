import { expect, it } from "vitest";
import type { Up } from "../up.ts";
import { Unconfirmed } from "./unconfirmed.ts";

function forget(character: string, room = 1): Up {
  return { kind: "characterForget", room, character };
}

function heard(offset: number): Up {
  return { kind: "heard", line: 1, player: "p1", offset };
}

it("keeps the latest about each thing until the sidecar has had it", () => {
  const unconfirmed = new Unconfirmed();
  unconfirmed.note({ kind: "roomOpen", room: 1, worldKey: "tavern" }, 1);
  unconfirmed.note(forget("mira"), 2);
  unconfirmed.note(forget("bram"), 3);
  unconfirmed.note(forget("mira"), 4);
  unconfirmed.note({ kind: "ping", nonce: 1 }, 5);
  unconfirmed.confirm(3);
  expect(unconfirmed.takeAll()).toEqual([forget("mira")]);
  expect(unconfirmed.takeAll()).toEqual([]);
});

it("forgets a room's characters with the room, and lets the most that was heard count", () => {
  const unconfirmed = new Unconfirmed();
  for (const message of [forget("mira"), forget("odo", 2), heard(3), heard(2), heard(5)]) {
    unconfirmed.note(message, 1);
  }
  unconfirmed.note({ kind: "roomClose", room: 1 }, 2);
  expect(unconfirmed.takeAll()).toEqual([
    forget("odo", 2),
    heard(5),
    { kind: "roomClose", room: 1 },
  ]);
});

it("tells what was never sent from what was", () => {
  const unconfirmed = new Unconfirmed();
  unconfirmed.note(forget("mira"), 1);
  unconfirmed.note(forget("bram"));
  unconfirmed.confirm(1_000);
  expect(unconfirmed.takeUnsent()).toEqual([forget("bram")]);
  expect(unconfirmed.takeAll()).toEqual([]);
});

it("is bounded: past it a session cannot be gone on with until all of it was confirmed", () => {
  const unconfirmed = new Unconfirmed();
  let place = 1;
  for (; unconfirmed.isWhole; place++) unconfirmed.note(forget(`extra ${place}`), place);
  expect(place).toBeGreaterThan(10_000);
  expect(unconfirmed.isMuch).toBe(true);
  unconfirmed.confirm(place - 2);
  expect(unconfirmed.isWhole).toBe(false);
  unconfirmed.confirm(place - 1);
  expect([unconfirmed.isWhole, unconfirmed.isMuch]).toEqual([true, false]);
});
