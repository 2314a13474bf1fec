import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Manifest = {
  name?: string;
  exports?: Record<string, unknown>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
};

/** One package of the repository; `tools` counts as one, with the root's manifest. */
export type Package = {
  folder: string;
  name: string;
  /** Public entries: `.`, `./client`, … */
  entries: string[];
  /** What its sources may import. */
  dependencies: string[];
  /** What its tests may import beside that. */
  testDependencies: string[];
  /** Paths from the repository's root, with `/`. */
  files: string[];
};

export function readPackages(root: string, folders: string[]): Package[] {
  const rootManifest = readManifest(root, "tools");
  const rootTools = Object.keys(rootManifest.devDependencies ?? {});
  return folders.map((folder) => {
    const manifest = readManifest(root, folder);
    const development = Object.keys(manifest.devDependencies ?? {});
    const dependencies = Object.keys({
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
    });
    return {
      folder,
      name: manifest.name ?? folder,
      entries: Object.keys(manifest.exports ?? {}),
      // Nothing of `tools` is shipped, so the root's development dependencies are its dependencies.
      dependencies: folder === "tools" ? [...dependencies, ...development] : dependencies,
      testDependencies: [...development, ...rootTools],
      files: sourceFiles(root, folder),
    };
  });
}

function readManifest(root: string, folder: string): Manifest {
  const path = join(root, folder === "tools" ? "" : folder, "package.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : {};
}

function sourceFiles(root: string, folder: string): string[] {
  return globSync(`${folder}/**/*.{ts,mts,js,mjs}`, {
    cwd: root,
    exclude: (name) => name === "node_modules" || name === "dist",
  })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}
