import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { describeFailure } from "./install-failure.mjs";
import { takeInstallLock } from "./install-lock.mjs";
import { Unmet } from "./unmet.mjs";

/** npm's own record of what it installed; it writes it last, when everything else is in place. */
const INSTALLED = join("node_modules", ".package-lock.json");
/** The fields that say what lies on the disk; npm's versions differ in what else they record. */
const INSTALLED_FIELDS = ["version", "integrity", "link", "bin"];
const MAX_OUTPUT_CHARS = 64 * 1024;
const TTY_TICK_MS = 1000;
const PLAIN_TICK_MS = 15_000;

/**
 * Whether node_modules holds what package-lock.json asks for. The two records are compared by content:
 * times lie after a checkout, a copy or an unpacked archive, and a stamp of our own would miss an
 * `npm ci` by hand. Optional packages may be absent (those of other platforms always are).
 * @param {string} root
 */
export function isInstalled(root) {
  const wanted = readPackages(join(root, "package-lock.json"));
  const present = readPackages(join(root, INSTALLED));
  if (wanted === undefined) {
    throw new Unmet(
      "package-lock.json is missing or cannot be read.",
      "Take it from the repository again: git checkout package-lock.json",
    );
  }
  if (present === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    const here = present[path];
    if (path === "") return true; // the root itself; npm does not record it
    if (here === undefined) return entry["optional"] === true || entry["devOptional"] === true;
    return INSTALLED_FIELDS.every(
      (key) => JSON.stringify(here[key]) === JSON.stringify(entry[key]),
    );
  });
}

/** @param {string} path @returns {Record<string, Record<string, unknown>> | undefined} */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return undefined; // missing, or cut off by an interrupted write: both mean "not installed"
  }
}

/**
 * `npm ci`, by one process at a time. npm's output is kept back and shown only when it fails.
 * @param {string} root
 */
export async function install(root) {
  const lock = await takeLock(root);
  try {
    if (isInstalled(root)) return; // whoever held the lock has done it
    // npm empties node_modules in no particular order: without its record, an interrupted run is
    // always seen as not installed.
    rmSync(join(root, INSTALLED), { force: true });
    await runNpmCi(root, lock);
  } finally {
    lock.release();
  }
}

/** @param {string} root */
async function takeLock(root) {
  try {
    return await takeInstallLock(root, (owner, path) => {
      say(
        `Waiting for another installation (process ${owner?.pids.join(", ") ?? "unknown"}) to end. ` +
          `If there is none, delete ${path}`,
      );
    });
  } catch (error) {
    throw describeFailure(error instanceof Error ? error.message : String(error), root);
  }
}

/**
 * @param {string} root
 * @param {import("./install-lock.mjs").InstallLock} lock
 * @returns {Promise<void>}
 */
function runNpmCi(root, lock) {
  const args = ["ci", "--loglevel=error", "--no-audit", "--no-fund"];
  const { file, prefix, shell } = npmCommand();
  const progress = startProgress();
  return new Promise((resolve, reject) => {
    const npm = spawn(file, [...prefix, ...args], {
      cwd: root,
      env: npmEnvironment(root),
      stdio: ["ignore", "pipe", "pipe"],
      shell,
      windowsHide: true,
      // A group of its own: a signal reaches npm and the scripts it runs exactly once, from us.
      detached: process.platform !== "win32",
    });
    if (npm.pid !== undefined) lock.setOwners([process.pid, npm.pid]);
    const signals = stopOnSignal(npm);
    let output = "";
    /** @param {string} text */
    const keep = (text) => {
      output = (output + text).slice(0, MAX_OUTPUT_CHARS); // the cause stands first
    };
    npm.stdout?.setEncoding("utf8").on("data", keep);
    npm.stderr?.setEncoding("utf8").on("data", keep);
    npm.on("error", (error) => keep(`\n${error.message}\n`));
    npm.on("close", (code) => {
      signals.release();
      const stoppedBy = signals.received();
      progress.end(code === 0 ? "Installed" : "Stopped");
      if (stoppedBy !== undefined) {
        reject(
          new Unmet(
            "The installation was interrupted.",
            "The next start does it again.",
            stoppedBy,
          ),
        );
      } else if (code === 0) resolve();
      else reject(describeFailure(output, root));
    });
  });
}

/** Run by npm, we use that same npm, on the Node it was started with; else the one on the PATH. */
function npmCommand() {
  const cli = process.env["npm_execpath"];
  if (cli !== undefined && /^npm-cli\.[cm]?js$/.test(basename(cli))) {
    return {
      file: process.env["npm_node_execpath"] ?? process.execPath,
      prefix: [cli],
      shell: false,
    };
  }
  // Windows starts `.cmd` files only through a shell; the arguments are our own constants.
  const isWindows = process.platform === "win32";
  return { file: isWindows ? "npm.cmd" : "npm", prefix: [], shell: isWindows };
}

/**
 * Without our own node_modules/.bin on the PATH: npm is about to delete the Node that is in there.
 * @param {string} root
 */
function npmEnvironment(root) {
  const bin = join(root, "node_modules", ".bin");
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (name.toUpperCase() !== "PATH") continue;
    env[name] = env[name]
      ?.split(delimiter)
      .filter((folder) => folder !== bin)
      .join(delimiter);
  }
  return env;
}

/** @param {import("node:child_process").ChildProcess} npm */
function stopOnSignal(npm) {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  /** @type {number | undefined} */
  let exitCode;
  /** @param {NodeJS.Signals} signal */
  const onSignal = (signal) => {
    if (exitCode !== undefined || npm.pid === undefined) return;
    exitCode = codes[/** @type {keyof typeof codes} */ (signal)];
    try {
      if (process.platform === "win32") npm.kill();
      else process.kill(-npm.pid, "SIGTERM");
    } catch {
      // it has ended already
    }
  };
  for (const signal of Object.keys(codes)) process.on(signal, onSignal);
  return {
    received: () => exitCode,
    release: () => {
      for (const signal of Object.keys(codes)) process.off(signal, onSignal);
    },
  };
}

function startProgress() {
  const began = Date.now();
  const seconds = () => `${Math.round((Date.now() - began) / 1000)} s`;
  const isTty = process.stderr.isTTY;
  const line = "Installing dependencies (the first time takes a minute or so)";
  if (isTty) process.stderr.write(line);
  else say(line);
  const timer = setInterval(
    () => {
      if (isTty) process.stderr.write(`\r\x1b[2K${line} ${seconds()}`);
      else say(`Still installing, ${seconds()}`);
    },
    isTty ? TTY_TICK_MS : PLAIN_TICK_MS,
  );
  return {
    /** @param {string} word */
    end: (word) => {
      clearInterval(timer);
      if (isTty) process.stderr.write("\r\x1b[2K");
      say(`${word} after ${seconds()}.`);
    },
  };
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}
