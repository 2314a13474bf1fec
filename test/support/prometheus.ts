// This file makes suites for others, with titles and bodies that are handed in; the rules take it for a test.
/* oxlint-disable vitest/no-conditional-tests, vitest/valid-title, vitest/valid-describe-callback, vitest/expect-expect, vitest/no-disabled-tests */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { freePort } from "./sidecar-process.ts";

/** Marks the suites that the closing lines of a test run count as Prometheus tests. */
export const PROMETHEUS_MARK = "[Prometheus]";
export const HOW_TO_GET_PROMETHEUS =
  "install Prometheus, which brings promtool (Debian and Ubuntu: apt-get install prometheus)";

/** A suite that needs `prometheus` and `promtool`. Without them it is skipped, which the run's last lines say; in CI it fails. */
export function describeWithPrometheus(name: string, suite: () => void): void {
  const title = `${name} ${PROMETHEUS_MARK}`;
  if (hasPrometheus()) {
    describe(title, suite);
  } else if (process.env["CI"] === "true") {
    test(title, () => {
      throw new Error(`No Prometheus was found; in CI it must be there: ${HOW_TO_GET_PROMETHEUS}.`);
    });
  } else {
    describe.skip(title, suite);
  }
}

export function hasPrometheus(): boolean {
  const commands = ["prometheus", "promtool"];
  return commands.every((command) => spawnSync(command, ["--version"]).status === 0);
}

/** What `promtool check metrics` says of a page of metrics; no output is no complaint. */
export function checkMetrics(text: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: text,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

export interface Prometheus {
  /** The value of an instant query; undefined where it finds nothing. */
  query(expression: string): Promise<number | undefined>;
  /** What the last scrape of the target complained of; empty if nothing. */
  lastError(): Promise<string | undefined>;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;

/** A real Prometheus, in a process and a folder of its own, that scrapes one target each second. */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), "banterwire-prometheus-"));
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `scrape_configs: [{job_name: banterwire, scrape_interval: 1s, static_configs: [{targets: ["${target}"]}]}]\n`,
  );
  const port = await freePort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const origin = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  await untilReady(origin, child).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    query: (expression) => query(origin, expression),
    lastError: () => lastError(origin),
    stop,
  };
}

async function untilReady(origin: string, child: ChildProcess): Promise<void> {
  const untilMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${origin}/-/ready`).catch(() => undefined);
    if (response?.ok) return;
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${child.exitCode}`);
    if (performance.now() > untilMs) throw new Error("Prometheus is not ready");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function query(origin: string, expression: string): Promise<number | undefined> {
  const response = await fetch(`${origin}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await response.json()) as {
    readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  };
  const value = data.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}

async function lastError(origin: string): Promise<string | undefined> {
  const response = await fetch(`${origin}/api/v1/targets`);
  const { data } = (await response.json()) as {
    readonly data: { readonly activeTargets: readonly { readonly lastError: string }[] };
  };
  return data.activeTargets[0]?.lastError;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
