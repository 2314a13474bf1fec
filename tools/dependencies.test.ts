import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

type Manifest = {
  name: string;
  workspaces?: string[];
  peerDependencies?: Record<string, string>;
} & Record<string, unknown>;

const ROOT = dirname(import.meta.dirname);
const FIELDS = ["dependencies", "devDependencies", "optionalDependencies"] as const;
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8")) as Manifest;
}

const rootManifest = readManifest("package.json");
const manifests = [
  "package.json",
  ...globSync(
    (rootManifest.workspaces ?? []).map((folder) => `${folder}/package.json`),
    { cwd: ROOT },
  ),
].map(readManifest);
const own = new Set(manifests.map(({ name }) => name));

/** Every direct dependency as [the package that has it, its name, its version]. */
const pins = manifests.flatMap((manifest) =>
  FIELDS.flatMap((field) => Object.entries((manifest[field] ?? {}) as Record<string, string>)).map(
    ([name, version]) => [manifest.name, name, version] as const,
  ),
);

describe("dependencies", () => {
  test("every version is an exact pin; a peer, which the game brings, may be a range", () => {
    expect(pins.length).toBeGreaterThan(20);
    expect(pins.filter(([, , version]) => !EXACT.test(version))).toEqual([]);
  });

  test("one dependency has one version in all packages", () => {
    const versions = Map.groupBy(pins, ([, name]) => name);
    const several = [...versions].filter(
      ([, uses]) => new Set(uses.map(([, , version]) => version)).size > 1,
    );
    expect(several).toEqual([]);
  });

  test("docs/dependencies.md names every dependency, and none that is gone", () => {
    const page = readFileSync(join(ROOT, "docs", "dependencies.md"), "utf8");
    const firstCells = page
      .split("\n")
      .flatMap((row) => /^\| (`[^|]*`) +\|/.exec(row)?.slice(1) ?? []);
    const named = firstCells.flatMap((cell) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    const used = pins.map(([, name]) => name).filter((name) => !own.has(name));
    expect(new Set(named)).toEqual(new Set(used));
  });
});
