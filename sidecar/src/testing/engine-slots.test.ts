import { FakeClock } from "@banterwire/protocol/testing";
import { expect, test } from "vitest";
import { EngineSlots, type Lease } from "./engine-slots.ts";

const STAYS = new AbortController().signal;

test("who leaves the queue at the moment of its turn leaves it to the next one", async () => {
  const slots = new EngineSlots(1, new FakeClock());
  const first = await slots.acquire("one", STAYS);
  const leaver = new AbortController();
  const second = slots.acquire("two", leaver.signal);
  let third: Lease | undefined;
  void slots.acquire("three", STAYS).then((lease) => (third = lease));
  first?.release();
  leaver.abort();
  expect(await second).toBeUndefined();
  await Promise.resolve();
  expect(third).toBeDefined();
});
