import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { Unmet } from "./unmet.mjs";

/** What our dependencies' `engines` need; the packages' own `engines` say the same. */
const NEEDED = { major: 22, minor: 19 };
const PROBE_TIMEOUT_MS = 20_000;

/**
 * The Node to run the sources with: the one npm installed here, else the one running this script.
 * npm leaves its `node` package out, without an error, where there is no binary for the platform.
 * @param {string} root
 * @returns {string} an executable's path
 */
export function findNode(root) {
  const binary = process.platform === "win32" ? "node.exe" : "node";
  const installed = join(root, "node_modules", "node", "bin", binary);
  const candidates = existsSync(installed) ? [installed, process.execPath] : [process.execPath];
  const found = candidates.find((path) => isEnough(versionOf(path)));
  if (found !== undefined) return found;
  throw new Unmet(
    `There is no Node.js here that can run this: npm has none for ${process.platform}-${process.arch}, ` +
      `and this one is ${process.version}.`,
    `Install Node.js 24 (at least ${NEEDED.major}.${NEEDED.minor}) from https://nodejs.org and run the command again.\n` +
      `If the network failed during the installation, deleting the folder node_modules and running it again may do.`,
  );
}

/** @param {string} path @returns {string} empty when it does not run */
function versionOf(path) {
  if (isRunning(path)) return process.version;
  // A binary for another platform or C library exists but does not start: only running it tells.
  const probe = spawnSync(path, ["--version"], { encoding: "utf8", timeout: PROBE_TIMEOUT_MS });
  return probe.status === 0 ? probe.stdout.trim() : "";
}

/** @param {string} path */
function isRunning(path) {
  return realpathSync(path) === realpathSync(process.execPath);
}

/** @param {string} version such as `v24.1.0` */
export function isEnough(version) {
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  if (major === undefined) return false;
  return (
    Number(major) > NEEDED.major ||
    (Number(major) === NEEDED.major && Number(minor) >= NEEDED.minor)
  );
}
