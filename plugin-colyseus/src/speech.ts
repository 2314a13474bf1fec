/** What a player may say at once, Unicode code points. */
export const MAX_SAID_CODE_POINTS = 280;
/** A code point takes at most two code units, and some of them go with the control characters. */
const MAX_READ_CODE_UNITS = 8 * MAX_SAID_CODE_POINTS;

/**
 * What a player said, made fit for a prompt: without control characters and line breaks, and cut to
 * MAX_SAID_CODE_POINTS. Empty for what is no text: it comes from a browser, and may be anything.
 */
export function cleanSpeech(said: unknown): string {
  return typeof said === "string" ? cleanText(said, MAX_SAID_CODE_POINTS) : "";
}

/** Without control characters, line breaks and halves of surrogate pairs; cut to so many code points. */
export function cleanText(text: string, maxCodePoints: number): string {
  const clean = text
    .slice(0, MAX_READ_CODE_UNITS)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  if (clean.length <= maxCodePoints) return clean;
  return Array.from(clean).slice(0, maxCodePoints).join("").trimEnd();
}
