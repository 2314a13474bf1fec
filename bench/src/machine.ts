import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";

/** Where a figure was measured: without it, a figure says little. */
export type Machine = {
  cpu: string;
  cores: number;
  memoryBytes: number;
  system: string;
  /** Load average of the last minute, before the bench began. */
  loadBefore: number;
};

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()} ${process.arch}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** Node's version and the exact pins of what the benches use. */
export function describeVersions(): Record<string, string> {
  const path = join(import.meta.dirname, "..", "package.json");
  const { dependencies } = JSON.parse(readFileSync(path, "utf8")) as {
    dependencies: Record<string, string>;
  };
  return { node: process.versions.node, v8: process.versions.v8, ...dependencies };
}
