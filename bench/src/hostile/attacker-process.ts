/** An attacker in a process of its own. */
import { spawnSync } from "node:child_process";
import { setPriority } from "node:os";
import { answerParent } from "../support/child.ts";
import { type AttackName, ATTACKS } from "./attacks.ts";

export type AttackerQuestion =
  | { readonly ask: "begin"; readonly attack: AttackName; readonly port: number }
  | { readonly ask: "end" };

/** Attackers sit on other machines: they run where nobody else does, if the system knows how. */
const IDLE = ["--all-tasks", "--idle", "--pid", "0", String(process.pid)];
const LOWEST_PRIORITY = 19;
if (spawnSync("chrt", IDLE).status !== 0) setPriority(LOWEST_PRIORITY);

let end: (() => void) | undefined;

answerParent((question: AttackerQuestion): null => {
  end?.();
  end = question.ask === "begin" ? ATTACKS[question.attack](question.port) : undefined;
  return null;
});
