import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const ROOT = dirname(dirname(import.meta.dirname));
const PACKAGES = ["protocol", "sidecar", "plugin-colyseus", "test"] as const;
const FILES = ["package.json", "vitest.config.ts", "tsconfig.base.json"] as const;
const LEFT_OUT = new Set(["node_modules", "dist"]);

/** What stands in a source file, and what is to stand there instead. */
export interface Patch {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What became of one test. */
export interface Fate {
  readonly status: string;
  /** What each failure says, without its stack: its kind first. */
  readonly failures: readonly string[];
}

interface Told {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** A copy of the sources, with dependencies from the original, to be broken on purpose. */
export class ScratchBuild {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), "banterwire-mutant-")));

  constructor() {
    for (const name of FILES) cpSync(join(ROOT, name), join(this.#folder, name));
    for (const name of PACKAGES) {
      cpSync(join(ROOT, name), join(this.#folder, name), {
        recursive: true,
        filter: (path) => !LEFT_OUT.has(basename(path)),
      });
    }
    this.#linkModules();
  }

  /** Runs those tests of a file against a patched copy; resolves with each one's fate by name. */
  async run(patches: readonly Patch[], file: string, names: readonly string[]) {
    const undo = patches.map((patch) => this.#apply(patch));
    try {
      return await this.#test(file, names);
    } finally {
      for (const restore of undo) restore();
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #apply({ file, from, to }: Patch): () => void {
    const path = join(this.#folder, file);
    const text = readFileSync(path, "utf8");
    if (text.split(from).length !== 2) {
      throw new Error(`${file} has not one \`${from}\`: say in the mutation what stands there now`);
    }
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
    return () => writeFileSync(path, text);
  }

  async #test(file: string, names: readonly string[]): Promise<Readonly<Record<string, Fate>>> {
    const report = join(this.#folder, "report.json");
    rmSync(report, { force: true });
    const vitest = join("node_modules", "vitest", "vitest.mjs");
    const only = `(${names.join("|")}):`;
    const output = ["--reporter=json", `--outputFile=${report}`];
    const child = spawn(process.execPath, [vitest, "run", file, "-t", only, ...output], {
      cwd: this.#folder,
      stdio: "ignore",
    });
    await once(child, "exit");
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
      testResults: { assertionResults: Told[] }[];
    };
    const all = testResults.flatMap(({ assertionResults }) => assertionResults);
    const fates = names.map((name): [string, Fate] => {
      const told = all.find(({ title }) => title.startsWith(`${name}:`));
      if (!told) throw new Error(`the mutant was not asked for ${name}`);
      const { status, failureMessages } = told;
      return [name, { status, failures: failureMessages.map(withoutStack) }];
    });
    return Object.fromEntries(fates);
  }

  #linkModules(): void {
    const modules = join(this.#folder, "node_modules");
    mkdirSync(join(modules, "@banterwire"), { recursive: true });
    for (const name of readdirSync(join(ROOT, "node_modules"))) {
      if (name === "@banterwire" || name.startsWith(".")) continue;
      symlinkSync(join(ROOT, "node_modules", name), join(modules, name), "junction");
    }
    for (const name of PACKAGES) {
      const scoped = name === "plugin-colyseus" ? "colyseus" : name;
      symlinkSync(join(this.#folder, name), join(modules, "@banterwire", scoped), "junction");
    }
  }
}

function withoutStack(failure: string): string {
  return failure.replace(/\n\s+at [\s\S]*$/u, "");
}
