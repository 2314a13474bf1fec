import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

const PACKAGE_FOLDER = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/u;
const LICENSE_FILE = /^(licen[cs]e|copying|notice)/iu;
const RULE = "-".repeat(80);

/**
 * Writes the licence texts of all packages that modules of a bundle come from.
 * @throws Error if one has no licence text: what it asks for cannot be done then
 */
export async function writeNotices(modules: readonly string[], path: string): Promise<void> {
  const folders = new Set(modules.flatMap((id) => PACKAGE_FOLDER.exec(posix(id)) ?? []));
  const notices = await Promise.all([...folders].sort().map(noticeOf));
  await writeFile(path, notices.join(`\n${RULE}\n\n`));
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  ) as Manifest;
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.flatMap((entry) =>
    entry.isFile() && LICENSE_FILE.test(entry.name) ? [entry.name] : [],
  );
  if (files.length === 0) throw new Error(`${name} ${version} has no licence file in ${folder}`);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return `${name} ${version} (${license})\n\n${texts.map((text) => text.trim()).join("\n\n")}\n`;
}

function posix(path: string): string {
  return path.replaceAll("\\", "/");
}
