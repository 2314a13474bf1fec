import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { Unmet } from "./unmet.mjs";

/** How long the child has to show that a signal reached it as well, before we pass it on. */
const SIGNAL_GRACE_MS = 400;
const PARENT_POLL_MS = 1000;
/** What a child may send over its IPC channel on its first stop signal: "I have it, do not repeat it". */
const STOPPING = "stopping";
/** @type {NodeJS.Signals[]} */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs `node args` in `root` and waits for its end. The child has an IPC channel, which closes when we
 * die, however we die: that is how it notices a `kill -9` of this process.
 * @param {string} node
 * @param {string[]} args
 * @param {string} root
 * @returns {Promise<number>} its exit code, 128 + the signal's number when a signal ended it
 */
export function runChild(node, args, root) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, {
      cwd: root,
      env: withBinFirst(join(root, "node_modules", ".bin")),
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    });
    const release = passSignalsTo(child);
    child.on("error", (error) => {
      if (child.pid !== undefined) return; // it runs; a signal or message that it missed is no failure
      release();
      reject(
        new Unmet(
          `${node} did not start: ${error.message}`,
          "Delete the folder node_modules and run the command again.",
        ),
      );
    });
    child.on("exit", (code, signal) => {
      release();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

/**
 * Passes stop signals on, once. A Ctrl-C in a terminal and a `kill` of the process group reach the child
 * without us, a `kill` of this process alone does not, and a signal does not tell which it was. So the
 * child gets a moment to end or to say that it is stopping; only a child that did neither is signalled.
 * @param {import("node:child_process").ChildProcess} child
 * @returns {() => void} stops listening
 */
function passSignalsTo(child) {
  let asked = false;
  child.on("message", (message) => {
    if (message === STOPPING) asked = true;
  });
  /** @type {NodeJS.Timeout[]} */
  const timers = [];
  /** @param {NodeJS.Signals} signal */
  const onSignal = (signal) => {
    const timer = setTimeout(() => {
      if (asked) return;
      asked = true;
      child.kill(signal);
    }, SIGNAL_GRACE_MS);
    timers.push(timer);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  timers.push(watchNpm(() => onSignal("SIGTERM")));
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    for (const timer of timers) clearTimeout(timer);
  };
}

/**
 * npm passes signals on, but a killed npm cannot: run by npm, we stop when it is gone. Not otherwise,
 * since a shell that ends may leave us in the background on purpose.
 * @param {() => void} onGone
 */
function watchNpm(onGone) {
  const parent = process.ppid;
  const npm = npmPid(parent);
  const timer = setInterval(() => {
    if (process.env["npm_lifecycle_event"] === undefined) return;
    if (process.ppid === parent && npmPid(parent) === npm) return;
    clearInterval(timer);
    onGone();
  }, PARENT_POLL_MS);
  return timer;
}

/**
 * npm is our parent, or the parent of the `sh -c` between us; only Linux tells without another process.
 * @param {number} parent
 */
function npmPid(parent) {
  try {
    const [, name, itsParent] =
      /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${parent}/stat`, "utf8")) ?? [];
    return name !== undefined && /^(ba|da)?sh$/.test(name) ? Number(itsParent) : parent;
  } catch {
    return parent;
  }
}

/** @param {string} bin */
function withBinFirst(bin) {
  const env = { ...process.env };
  // Windows spells the variable `Path`; a second spelling would shadow the first.
  const name = Object.keys(env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  return { ...env, [name]: [bin, env[name]].filter(Boolean).join(delimiter) };
}
