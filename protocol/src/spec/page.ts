const REGION = /<!-- generated: ([\w ]+) -->\n[^]*?<!-- end -->/g;

/**
 * Fills the marked regions of a page.
 * @throws Error if the page marks a region that there is no text for, or leaves one out.
 */
export function fillRegions(page: string, regions: Readonly<Record<string, string>>): string {
  const left = new Set(Object.keys(regions));
  const filled = page.replaceAll(REGION, (_all, name: string) => {
    const text = regions[name];
    if (text === undefined) throw new Error(`there is no text for the region "${name}"`);
    left.delete(name);
    return `<!-- generated: ${name} -->\n\n${text}\n\n<!-- end -->`;
  });
  if (left.size > 0) throw new Error(`the page has no region for: ${[...left].join(", ")}`);
  return filled;
}
