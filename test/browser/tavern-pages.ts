import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page, type ViewportSize } from "playwright-core";
import { CHROMIUM_FLAGS, chromiumPath } from "../support/chromium.ts";
import { freePort } from "../support/sidecar-process.ts";
import { endAll, gone, TavernProcess } from "../start/tavern-process.ts";

export const DESKTOP = { width: 1280, height: 720 } as const;
export const PHONE = { width: 390, height: 844 } as const;

/** Not a latency test: a busy machine may take its time, and the line is the model's all the same. */
export const GENEROUS_BUDGET = ["--budget-ms", "5000"] as const;

/** Screenshots, for people to look at. */
const ARTIFACTS = join(import.meta.dirname, "..", "..", "artifacts");

/** A running tavern, and a browser to visit it. */
export interface Visit {
  readonly tavern: TavernProcess;
  readonly port: number;
  /** Comes in through the door of a new page. */
  enter(name: string, size: ViewportSize, options?: EnterOptions): Promise<Page>;
  close(): Promise<void>;
}

export interface EnterOptions {
  /** Of a proxy to the game's port. */
  readonly port?: number;
  /** Called before the page loads. */
  readonly watch?: (page: Page) => void;
}

export async function openVisit(flags: readonly string[]): Promise<Visit> {
  const port = await freePort();
  const tavern = new TavernProcess(["--port", String(port), ...flags]);
  await tavern.printed("first token in");
  const browser: Browser = await chromium.launch({
    executablePath: chromiumPath() ?? "",
    args: CHROMIUM_FLAGS,
  });
  return {
    tavern,
    port,
    async enter(name, viewport, { port: proxy = port, watch } = {}) {
      const page = await browser.newPage({ viewport, hasTouch: viewport.width < 600 });
      watch?.(page);
      await page.goto(`http://127.0.0.1:${proxy}/?name=${name}`);
      await connected(page);
      return page;
    },
    async close() {
      await browser.close();
      const tree = tavern.tree();
      tavern.child.kill("SIGTERM");
      await gone(tree).finally(() => endAll(tree));
    },
  };
}

export async function connected(page: Page): Promise<void> {
  await page.locator('[data-testid="connection"][data-state="open"]').waitFor();
}

/** Clicks on the floor, at shares of the stage's size, until somebody there listens. */
export async function walkTo(page: Page, patron: string, x: number, y: number): Promise<void> {
  const stage = await page.getByTestId("stage").boundingBox();
  if (!stage) throw new Error("the page shows no stage");
  await page.mouse.click(stage.x + stage.width * x, stage.y + stage.height * y);
  await listening(page, patron);
}

export async function listening(page: Page, patron: string): Promise<void> {
  await page
    .getByTestId("hint")
    .filter({ hasText: `${patron} is listening` })
    .waitFor();
}

/** Types at a patron as a player does. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("words").fill(text);
  await page.getByTestId("words").press("Enter");
}

/** What that patron has said in full, in the order of the list. */
export async function toldBy(page: Page, patron: string): Promise<string[]> {
  const entries = page.locator('[data-testid="log"] li[data-kind="patron"]');
  const own = entries.filter({ has: page.locator("b", { hasText: patron }) });
  return own.locator("span").allInnerTexts();
}

export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`) });
}
