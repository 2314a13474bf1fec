import { FakeClock } from "@banterwire/protocol/testing";
import { beforeEach, expect, test } from "vitest";
import { PacedPage } from "./paced-page.ts";

const EVERY_MS = 250;

let clock: FakeClock;
let rendered: number;
let page: PacedPage;

beforeEach(() => {
  clock = new FakeClock();
  rendered = 0;
  page = new PacedPage(clock, EVERY_MS, () =>
    Promise.resolve({ status: 200, contentType: "text/plain", body: String(++rendered) }),
  );
});

async function bodyOf(reading: ReturnType<PacedPage["read"]>): Promise<string | undefined> {
  return (await reading)?.body;
}

test("who asks once in a while is answered at once, by what is true now", async () => {
  expect(await bodyOf(page.read())).toBe("1");
  clock.advance(EVERY_MS);
  expect(await bodyOf(page.read())).toBe("2");
  expect(clock.pending).toBe(0);
});

test("all who ask sooner wait, and share the next rendering", async () => {
  await page.read();
  const waiting = Array.from({ length: 100 }, () => bodyOf(page.read()));
  clock.advance(EVERY_MS - 1);
  expect(rendered).toBe(1);
  clock.advance(1);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["2"]));
  const later = page.read();
  clock.advance(EVERY_MS);
  expect(await bodyOf(later)).toBe("3");
});

test("one that fails is told to those who asked for it, and the next is another try", async () => {
  let isBroken = true;
  const broken = new PacedPage(clock, EVERY_MS, () =>
    isBroken ? Promise.reject(new Error("broken")) : Promise.resolve(undefined),
  );
  await expect(broken.read()).rejects.toThrow("broken");
  const next = broken.read();
  clock.advance(EVERY_MS);
  await expect(next).rejects.toThrow("broken");
  isBroken = false;
  const last = broken.read();
  clock.advance(EVERY_MS);
  expect(await last).toBeUndefined();
});
