/**
 * Makes the picture of the game for the README:
 * node --conditions=@banterwire/source test/browser/picture.ts FILE.png
 */
import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { DESKTOP, openVisit, say, walkTo } from "./tavern-pages.ts";

/** The pictured guests: where they stand, as shares of the stage, and what they say. */
const GUESTS = [
  { name: "Theo", patron: "Grix", x: 0.86, y: 0.86, says: "What are you selling?" },
  { name: "Bram", patron: "Flint", x: 0.62, y: 0.74, says: "Heard any rumors?" },
  { name: "Kira", patron: "Marla", x: 0.4, y: 0.47, says: "Hello there, who are you?" },
] as const;

const ALL_HAVE_ANSWERED_MS = 700;

/** Keeps five bits of each colour, which the eye hardly misses and which halves the file. */
const FIVE_BITS = `async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const picture = pen.getImageData(0, 0, image.width, image.height);
  const { data } = picture;
  for (let at = 0; at < data.length; at++) if (at % 4 !== 3) data[at] = (data[at] & 248) + 3;
  pen.putImageData(picture, 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
  return bytes.toBase64?.() ?? btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}`;

async function smaller(page: Page, png: Buffer): Promise<Buffer> {
  await page.goto("about:blank");
  const source = `data:image/png;base64,${png.toString("base64")}`;
  const base64: string = await page.evaluate(`(${FIVE_BITS})(${JSON.stringify(source)})`);
  return Buffer.from(base64, "base64");
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("Say where the picture goes: picture.ts FILE.png\n");
  process.exit(2);
}
const visit = await openVisit([]);
try {
  const pages: Page[] = [];
  for (const { name, patron, x, y } of GUESTS) {
    const page = await visit.enter(name, DESKTOP);
    await walkTo(page, patron, x, y);
    pages.push(page);
  }
  await pages.at(-1)?.waitForTimeout(6_000);
  for (const [index, { says }] of GUESTS.entries()) await say(pages[index] as Page, says);
  const [camera] = pages.slice(-1) as [Page];
  await camera.waitForTimeout(ALL_HAVE_ANSWERED_MS);
  const png = await camera.screenshot();
  writeFileSync(file, await smaller(camera, png));
} finally {
  await visit.close();
}
