/**
 * Runs the fuzzing client of the Autobahn test suite against the sidecar's listener, and keeps what
 * it says of each case: `node --conditions=@banterwire/source test/hostile/autobahn/run.ts WSTEST...`,
 * where WSTEST is the command of the suite (it needs Python 2.7).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SUBPROTOCOL } from "@banterwire/protocol";
import { startEchoListener } from "@banterwire/sidecar/testing";

/** Compression is never negotiated; and messages of 256 KiB and more are beyond our bound. */
const EXCLUDED = [
  "12.*",
  "13.*",
  ...["9.1", "9.2"].flatMap((section) => [2, 3, 4, 5, 6].map((nth) => `${section}.${nth}`)),
  "9.3.*",
  "9.4.*",
  "9.5.*",
  "9.6.*",
];
const AGENT = "banterwire";

interface Verdict {
  readonly behavior: string;
  readonly behaviorClose: string;
}

const [, , command, ...args] = process.argv;
if (command === undefined) throw new Error("say how wstest is run, such as: run.ts wstest");

const folder = mkdtempSync(join(tmpdir(), "autobahn-"));
const listener = await startEchoListener();
const spec = {
  outdir: folder,
  servers: [{ agent: AGENT, url: listener.url, protocols: [SUBPROTOCOL] }],
  cases: ["*"],
  "exclude-cases": EXCLUDED,
  "exclude-agent-cases": {},
};
const specFile = join(folder, "spec.json");
writeFileSync(specFile, JSON.stringify(spec));
const child = spawn(command, [...args, "--mode", "fuzzingclient", "--spec", specFile], {
  stdio: ["ignore", "ignore", "inherit"],
});
await once(child, "exit");
await listener.close();

const report = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as Record<
  string,
  Record<string, Verdict>
>;
rmSync(folder, { recursive: true });
const verdicts = Object.entries(report[AGENT] ?? {});
const counts: Record<string, number> = {};
const cases: Record<string, string> = {};
for (const [name, { behavior, behaviorClose }] of verdicts) {
  counts[behavior] = (counts[behavior] ?? 0) + 1;
  cases[name] = behaviorClose === "OK" ? behavior : `${behavior}, close ${behaviorClose}`;
}
const summary = { when: new Date().toISOString(), counts, excluded: EXCLUDED, cases };
const file = join(import.meta.dirname, "results.json");
writeFileSync(file, `${JSON.stringify(summary, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(counts)}\n`);
