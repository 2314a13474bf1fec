import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FakeClock } from "@banterwire/protocol/testing";
import { expect, test } from "vitest";
import { sendCanary } from "./canary.ts";
import type { SlotDesk } from "./slot-desk.ts";
import type { SlotRequest } from "./upstream.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test("what was asked of a canary that is over is forgotten, however long its endpoint lives", async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const wishes: WeakRef<SlotRequest>[] = [];
  const request = (wish: SlotRequest): void => {
    wishes.push(new WeakRef(wish));
    wish.signal.addEventListener("abort", () => wish.refused(), { once: true });
    wish.events.failed({ kind: "status", why: "HTTP 400" });
  };
  const desk = { request } as unknown as SlotDesk;
  for (let count = 0; count < 10; count++) {
    const parts = { desk, dispatch: () => {}, clock, signal };
    await sendCanary(parts, { timeoutMs: 1_000 }).catch(() => {});
  }
  await nextTurn();
  collect();
  expect(wishes.filter((wish) => wish.deref())).toEqual([]);
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(clock.pending).toBe(0);
});
