import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithChromium } from "../support/chromium.ts";
import { openWire } from "./cuttable-wire.ts";
import {
  connected,
  DESKTOP,
  GENEROUS_BUDGET,
  keepScreenshot,
  listening,
  openVisit,
  PHONE,
  say,
  toldBy,
  type Visit,
  walkTo,
} from "./tavern-pages.ts";

const PARTS = [
  "stage",
  "words",
  "talk",
  "log",
  "connection",
  "serving",
  "model-rate",
  "any-rate",
  "own-trip",
] as const;

const LONG_TEST_MS = 120_000;
const MAX_QUESTIONS = 12;
/** A player earns one more thing to say in less. */
const SPEECH_PAUSE_MS = 1_500;
const PATIENCE = { timeout: 40_000, interval: 50 };

/** In front of Flint, as shares of the stage at desktop size. */
const BEFORE_FLINT = [0.72, 0.52] as const;

describeWithChromium("Last Orders in a browser", () => {
  let visit: Visit;

  beforeAll(async () => {
    visit = await openVisit(GENEROUS_BUDGET);
  });

  afterAll(async () => {
    await visit?.close();
  });

  test(
    "two pages see the model's answers to one player fill up, the same in both",
    async () => {
      const errors: string[] = [];
      const watch = (page: Page): void => watchErrors(page, errors);
      const kira = await visit.enter("Kira", DESKTOP, { watch });
      const bram = await visit.enter("Bram", DESKTOP, { watch });
      await expectEntries(kira, "patron", 1);
      await walkTo(kira, "Flint", ...BEFORE_FLINT);
      await watchGrowth(bram, "flint");

      const first = await ask(kira, bram, "Heard any rumors?");
      const second = await ask(kira, bram, "What are you selling?");
      await keepScreenshot(kira, "tavern-desktop");

      expect(second).not.toBe(first);
      expect(await stepsTo(bram, first)).toContain(first);
      expect(await stepsTo(bram, second)).toContain(second);
      await expectGrowth(kira, bram);
      expect(await kira.getByTestId("own-trip").innerText()).toMatch(/^\d+ ms$/);
      expect(await kira.getByTestId("model-rate").innerText()).toMatch(/^\d+ % \d+\/\d+$/);
      expect(await kira.getByTestId("any-rate").innerText()).toMatch(/^\d+ % \d+\/\d+$/);
      expect(await kira.getByTestId("serving").innerText()).toMatch(
        /^banter-tiny.*embedded · warm$/,
      );
      expect(errors).toEqual([]);
      await Promise.all([kira.close(), bram.close()]);
    },
    LONG_TEST_MS,
  );

  test(
    "what a player says is text, whatever it looks like",
    async () => {
      const page = await visit.enter("Mira", DESKTOP);
      const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
      await say(page, markup);
      const entry = page.locator('[data-testid="log"] li[data-kind="player"] span').last();
      expect(await entry.innerText()).toBe(markup);
      expect(await page.locator("img").count()).toBe(0);
      expect(await page.title()).toBe("Last Orders");
      await page.close();
    },
    LONG_TEST_MS,
  );

  test(
    "arrows walk from the empty field, letters outside of it, and Enter leads back to it",
    async () => {
      const page = await visit.enter("Nova", DESKTOP);
      expect(await focused(page)).toBe("words");
      await page.keyboard.down("ArrowRight");
      await listening(page, "Grix");
      await page.keyboard.up("ArrowRight");
      await page.keyboard.press("Escape");
      expect(await focused(page)).toBe("stage");
      await page.keyboard.down("a");
      await page.getByTestId("hint").filter({ hasText: "Arrows" }).waitFor();
      await page.keyboard.up("a");
      await page.keyboard.press("Enter");
      expect(await focused(page)).toBe("words");
      expect(await page.getByTestId("words").inputValue()).toBe("");
      await page.close();
    },
    LONG_TEST_MS,
  );

  test.each([PHONE, { width: 320, height: 568 }])(
    "on a phone of $width x $height nothing is cut off",
    async (size) => {
      const page = await visit.enter("Theo", size);
      const whole = { x: 0, y: 0, ...size };
      for (const part of PARTS) {
        expectInside(await boxOf(page.getByTestId(part)), whole);
      }
      await page.keyboard.down("ArrowUp");
      await listening(page, "Flint");
      await page.keyboard.up("ArrowUp");
      const told = (await toldBy(page, "Flint")).length;
      await watchPictures(page);
      await say(page, "What is the meaning of life, and why is it always raining in this town?");
      await expect
        .poll(async () => (await toldBy(page, "Flint")).length, PATIENCE)
        .toBeGreaterThan(told);
      const pictures = await picturesOf(page);
      expect(Math.max(...pictures.map(({ bubbles }) => bubbles.length))).toBeGreaterThanOrEqual(2);
      for (const { stage, bubbles } of pictures) {
        for (const bubble of bubbles) expectInside(bubble, stage);
      }
      await keepScreenshot(page, `tavern-phone-${size.width}`);
      await page.close();
    },
    LONG_TEST_MS,
  );

  test(
    "a page whose connection drops comes back to its seat, and to a new one if the server died",
    async () => {
      const wire = await openWire(visit.port);
      const page = await visit.enter("Edda", DESKTOP, { port: wire.port });
      wire.cut();
      await disconnected(page);
      await connected(page);
      expect(await page.getByTestId("name").inputValue()).toBe("Edda");
      const arrivals = page.locator('[data-testid="log"] li[data-kind="news"]');
      expect(await arrivals.count()).toBe(1);

      const server = visit.tavern.tree().find(({ command }) => command.includes("main.ts"));
      process.kill(server?.pid ?? Number.NaN, "SIGKILL");
      await disconnected(page);
      await connected(page);
      await expect.poll(() => arrivals.count(), PATIENCE).toBe(2);
      await say(page, "Hello there.");
      await expectEntries(page, "player", 1);
      await page.close();
      wire.close();
    },
    LONG_TEST_MS,
  );
});

/** Asks Flint, and returns the answer that both pages show. */
async function ask(asking: Page, other: Page, question: string): Promise<string> {
  // They came in at different times, so that one may have heard more of Flint than the other.
  const earlier = new Map<Page, number>();
  for (const page of [asking, other]) earlier.set(page, (await toldBy(page, "Flint")).length);
  await say(asking, question);
  const told: string[] = [];
  for (const [page, before] of earlier) {
    await expect.poll(() => toldBy(page, "Flint"), PATIENCE).toHaveLength(before + 1);
    const answer = (await toldBy(page, "Flint")).at(-1) ?? "";
    expect(await page.locator('[data-testid="bubble-flint"] span').innerText()).toBe(answer);
    const newest = page.getByTestId("meter-line").first();
    expect(await newest.getAttribute("data-source")).toBe("model");
    expect(await newest.innerText()).toMatch(/^Flint\s+model\s+\d+ ms$/);
    told.push(answer);
  }
  const [answer = "", same] = told;
  expect(answer).not.toBe("");
  expect(same).toBe(answer);
  return answer;
}

/** Notes every text that a patron's bubble has, from now on. */
async function watchGrowth(page: Page, patron: string): Promise<void> {
  await page.evaluate(`
    window.growth = [];
    new MutationObserver(() => {
      const words = document.querySelector('[data-testid="bubble-${patron}"] span');
      if (words) window.growth.push(words.textContent);
    }).observe(document.querySelector("#bubbles"), {
      subtree: true, childList: true, characterData: true,
    });
  `);
}

/** What a page showed of an answer on the way to the whole of it. */
async function stepsTo(page: Page, answer: string): Promise<string[]> {
  const growth: string[] = await page.evaluate("window.growth");
  return [...new Set(growth.filter((text) => text !== "" && answer.startsWith(text)))];
}

/**
 * Some answer was shown before it was whole. A browser on a busy machine may find all of one in its
 * socket when it next looks, so that one answer proves nothing; it cannot miss them all.
 */
async function expectGrowth(asking: Page, other: Page): Promise<void> {
  for (let round = 0; round < MAX_QUESTIONS; round++) {
    const answer = await ask(asking, other, `Tell me a long story, Flint. (${round + 1})`);
    if ((await stepsTo(other, answer)).length > 1) return;
    await asking.waitForTimeout(SPEECH_PAUSE_MS);
  }
  throw new Error(`none of ${MAX_QUESTIONS} answers was shown before it was whole`);
}

function watchErrors(page: Page, errors: string[]): void {
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
}

async function expectEntries(page: Page, kind: string, atLeast: number): Promise<void> {
  const entries = page.locator(`[data-testid="log"] li[data-kind="${kind}"]`);
  await expect.poll(() => entries.count(), PATIENCE).toBeGreaterThanOrEqual(atLeast);
}

async function disconnected(page: Page): Promise<void> {
  await page.locator('[data-testid="connection"]:not([data-state="open"])').waitFor();
}

function focused(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.id");
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

async function boxOf(part: Locator): Promise<Box> {
  const box = await part.boundingBox();
  if (!box) throw new Error(`${part.toString()} is not shown`);
  return box;
}

interface Picture {
  readonly stage: Box;
  readonly bubbles: readonly Box[];
}

/**
 * Notes where stage and bubbles are in each picture from now on: the page places what has grown
 * before it is painted, and between two pictures a bubble may be wider than its place.
 */
async function watchPictures(page: Page): Promise<void> {
  await page.evaluate(`
    window.pictures = [];
    requestAnimationFrame(function look() {
      requestAnimationFrame(look);
      const boxesOf = (selector) =>
        [...document.querySelectorAll(selector)].map((part) => part.getBoundingClientRect().toJSON());
      const [stage] = boxesOf('[data-testid="stage"]');
      window.pictures.push({ stage, bubbles: boxesOf(".bubble[data-placed]") });
    });
  `);
}

function picturesOf(page: Page): Promise<Picture[]> {
  return page.evaluate("window.pictures");
}

function expectInside(inner: Box, outer: Box): void {
  expect(inner.x).toBeGreaterThanOrEqual(outer.x);
  expect(inner.y).toBeGreaterThanOrEqual(outer.y);
  expect(inner.x + inner.width).toBeLessThanOrEqual(outer.x + outer.width);
  expect(inner.y + inner.height).toBeLessThanOrEqual(outer.y + outer.height);
}
