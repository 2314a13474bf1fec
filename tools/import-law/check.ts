import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import type { Law } from "../import-law.ts";
import { type Import, type Module, readModule } from "./module.ts";
import { sidecarBreach } from "./sidecar-layers.ts";
import { type Package, readPackages } from "./workspace.ts";

/** Why an import or a name is against the law, in words, and what to do instead. */
export type Breach = { rule: string; remedy: string };
export type Violation = Breach & { file: string; line: number; what: string };

/** Every breach of the law in the repository at `root`, in the order of files and lines. */
export function checkImports(root: string, law: Law): Violation[] {
  const packages = readPackages(root, Object.keys(law.packages));
  return packages.flatMap((owner) =>
    owner.files.flatMap((file) => {
      const module = readModule(join(root, file));
      const inSources = isTest(file) ? [] : nameBreaches(file, module, law);
      const inImports = module.imports.flatMap((entry) => {
        const breach = importBreach({ file, owner, packages, law }, entry);
        const what = `${entry.kind === "import" ? "imports" : "resolves"} "${entry.specifier}"`;
        return breach === undefined ? [] : [{ file, line: entry.line, what, ...breach }];
      });
      return [...inImports, ...inSources];
    }),
  );
}

type Place = { file: string; owner: Package; packages: Package[]; law: Law };

function importBreach(place: Place, entry: Import): Breach | undefined {
  const { specifier } = entry;
  if (specifier.startsWith(".")) return relativeBreach(place, entry);
  if (isPureFile(place) && !place.law.pure.mayImport.includes(packageName(specifier))) {
    return {
      rule: "policy/ and what it builds on are pure: no I/O, hence no Node modules and no packages that do any",
      remedy: "have the value handed in by the caller, through an interface that policy/ declares",
    };
  }
  if (isBuiltin(specifier)) return undefined;
  const target = place.packages.find(({ name }) => name === packageName(specifier));
  return target === undefined ? undeclared(place, specifier) : packageBreach(place, entry, target);
}

function relativeBreach({ file, owner, law }: Place, { specifier }: Import): Breach | undefined {
  const target = posix.join(posix.dirname(file), specifier);
  if (!target.startsWith(`${owner.folder}/`)) {
    return {
      rule: `${owner.folder} uses public entries only: no relative import leaves a package's folder`,
      remedy: "import the other package by its name, through an entry of its `exports`",
    };
  }
  const isLayered = file.startsWith("sidecar/src/") && target.startsWith("sidecar/src/");
  return isLayered && !isTest(file) ? sidecarBreach(file, target, law) : undefined;
}

function packageBreach(place: Place, entry: Import, target: Package): Breach | undefined {
  const { owner, law } = place;
  const { specifier, kind } = entry;
  const subpath = `.${specifier.slice(target.name.length)}`;
  const commands = law.commands[owner.folder] ?? [];
  if (kind === "resolve" && subpath === "./package.json" && commands.includes(target.folder))
    return undefined;
  const allowed = law.packages[owner.folder] ?? [];
  if (target !== owner && !allowed.includes(target.folder)) {
    const isEmbedded = target.folder === "embedded-ollama";
    return {
      rule: isEmbedded
        ? "nothing imports embedded-ollama; it is a process, spoken to over Ollama's HTTP"
        : `${owner.folder} may import ${allowed.join(", ") || "nothing of ours"}, not ${target.folder}`,
      remedy: isEmbedded
        ? "start its command (the sidecar does) and use its address"
        : "move what both need into protocol, or hand it in from outside",
    };
  }
  if (!target.entries.includes(subpath)) {
    return {
      rule: `only public entries of a package are imported; ${target.name} has ${target.entries.join(", ") || "none"}`,
      remedy: `export it from an entry of ${target.folder}, if others should use it`,
    };
  }
  return target === owner ? undefined : undeclared(place, specifier);
}

function undeclared({ file, owner }: Place, specifier: string): Breach | undefined {
  const name = packageName(specifier);
  if (owner.dependencies.includes(name)) return undefined;
  const isForTests = isTest(file) || owner.folder === "test";
  if (isForTests && owner.testDependencies.includes(name)) return undefined;
  return {
    rule: `every package that ${owner.folder} imports is a declared dependency of it${
      owner.testDependencies.includes(name)
        ? "; a development dependency serves *.test.ts only"
        : ""
    }`,
    remedy: `add "${name}" with its exact version to ${owner.folder === "tools" ? "" : `${owner.folder}/`}package.json and to docs/dependencies.md`,
  };
}

function nameBreaches(file: string, module: Module, law: Law): Violation[] {
  if (!isPure(file, law)) return [];
  return module.names
    .filter(({ name }) => law.pure.forbiddenNames.includes(name))
    .map(({ name, line }) => ({
      file,
      line,
      what: `uses ${name}`,
      rule: "policy/ and what it builds on are pure: no timers, no clock of their own, no process",
      remedy: "take the time as a number, and timers as a decision that the caller carries out",
    }));
}

function isPureFile({ file, law }: Place): boolean {
  return !isTest(file) && isPure(file, law);
}

function isPure(file: string, law: Law): boolean {
  return law.pure.layers.some(
    (layer) => file === `sidecar/src/${layer}.ts` || file.startsWith(`sidecar/src/${layer}/`),
  );
}

/** Tests may look behind their own layer, and bring libraries of their own. */
function isTest(file: string): boolean {
  return file.endsWith(".test.ts");
}

/** `@banterwire/protocol/client` belongs to `@banterwire/protocol`. */
function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
