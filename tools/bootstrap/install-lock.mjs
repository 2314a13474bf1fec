import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/** In the root and not in node_modules, which `npm ci` empties. */
const LOCK = ".install-lock";
const HEARTBEAT_MS = 5000;
/** An owner on another machine (a shared folder) counts as gone after this long without a heartbeat. */
const REMOTE_STALE_MS = 60_000;
const POLL_MS = 250;

/** @typedef {{ host: string, pids: number[] }} Owner */
/** @typedef {{ setOwners: (pids: number[]) => void, release: () => void }} InstallLock */

/**
 * Waits until this process alone may change node_modules.
 * @param {string} root
 * @param {(owner: Owner | undefined, path: string) => void} onWait called once, when another holds it
 * @returns {Promise<InstallLock>}
 */
export async function takeInstallLock(root, onWait) {
  const path = join(root, LOCK);
  for (let told = false; !tryTake(path); told = true) {
    const owner = readOwner(path);
    if (isStale(path, owner)) discard(path, owner);
    else if (!told) onWait(owner, path);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  heartbeat.unref();
  return {
    setOwners: (pids) => writeOwner(path, pids),
    release: () => {
      clearInterval(heartbeat);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** @param {string} path */
function tryTake(path) {
  // A folder that already names its owner is renamed into place: nobody ever sees an unnamed lock.
  const mine = `${path}-${process.pid}`;
  rmSync(mine, { recursive: true, force: true });
  mkdirSync(mine);
  writeOwner(mine, [process.pid]);
  try {
    renameSync(mine, path);
    return true;
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const isTaken =
      code === "ENOTEMPTY" || code === "EEXIST" || (code === "EPERM" && readOwner(path));
    if (isTaken) return false;
    throw error;
  }
}

/** @param {string} path @param {number[]} pids */
function writeOwner(path, pids) {
  writeFileSync(join(path, "owner.json"), JSON.stringify({ host: hostname(), pids }));
}

/** @param {string} path @returns {Owner | undefined} */
function readOwner(path) {
  try {
    return JSON.parse(readFileSync(join(path, "owner.json"), "utf8"));
  } catch {
    return undefined;
  }
}

/** @param {string} path @param {Owner | undefined} owner */
function isStale(path, owner) {
  if (owner?.host === hostname()) return !owner.pids.some(isAlive);
  const heartbeat = statSync(path, { throwIfNoEntry: false });
  return heartbeat !== undefined && Date.now() - heartbeat.mtimeMs > REMOTE_STALE_MS;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * Renamed before it is removed, so that of two that found it stale only one removes it.
 * @param {string} path @param {Owner | undefined} owner
 */
function discard(path, owner) {
  const grave = `${path}-stale-${process.pid}`;
  try {
    renameSync(path, grave);
    // Somebody may have taken the lock between our look and our rename: then it is theirs, put it back.
    const buried = readOwner(grave);
    if (JSON.stringify(buried) !== JSON.stringify(owner)) renameSync(grave, path);
    else rmSync(grave, { recursive: true, force: true });
  } catch {
    // another one was faster; the next round sees whose it is
  }
}

/** @param {string} path */
function touch(path) {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // the folder went away under us; the install itself will say what is wrong
  }
}
