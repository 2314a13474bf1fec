/** An attacker in a process of its own. */
import { setPriority } from "node:os";
import { answerParent } from "../support/child.ts";
import { type AttackName, ATTACKS } from "./attacks.ts";

export type AttackerQuestion =
  | { readonly ask: "begin"; readonly attack: AttackName; readonly port: number }
  | { readonly ask: "end" };

/** Attackers sit on other machines: theirs is not the CPU that a round is about. */
const LOW_PRIORITY = 10;
setPriority(LOW_PRIORITY);

let end: (() => void) | undefined;

answerParent((question: AttackerQuestion): null => {
  end?.();
  end = question.ask === "begin" ? ATTACKS[question.attack](question.port) : undefined;
  return null;
});
