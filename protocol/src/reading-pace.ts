const CODE_POINTS_PER_SECOND = 17;
const MIN_DISPLAY_MS = 1_500;
const MAX_DISPLAY_MS = 12_000;

/**
 * How long to show a line, milliseconds. 17 characters a second is the pace that subtitle
 * guidelines use for grown-up readers.
 */
export function displayMsFor(codePoints: number): number {
  const readingMs = Math.round((codePoints / CODE_POINTS_PER_SECOND) * 1000);
  return Math.min(MAX_DISPLAY_MS, Math.max(MIN_DISPLAY_MS, readingMs));
}
