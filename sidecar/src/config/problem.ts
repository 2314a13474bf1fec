import { EXIT_CODES, StartError } from "../start-error.ts";
import { describeSource, type ValueSource } from "./source.ts";

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** The key in files, or what stands in its place. */
  readonly key: string;
  /** What was written; absent where that says nothing, masked where it is secret. */
  readonly value?: string;
  readonly source: ValueSource;
  /** What is allowed, or what to do; a sentence without its full stop. */
  readonly why: string;
}

const MASK = "********";
/** What stands before the host of an address. */
const CREDENTIALS = /(^|\s)([a-z]+:\/\/)?\S*@/giu;
const MAX_SHOWN_CHARS = 80;
/** More than anybody mends at once. */
const MAX_PROBLEMS_SHOWN = 20;

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends StartError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(
      "bad_config",
      EXIT_CODES.usage,
      listOfProblems("configuration", problems),
      "See what is allowed with: banterwire serve --help",
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** All of them in one message, each on a line of its own. */
export function listOfProblems(of: string, problems: readonly Problem[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS_SHOWN).map((problem) => `\n  ${told(problem)}`);
  const rest = problems.length - shown.length;
  const places = problems.length === 1 ? "one place" : `${problems.length} places`;
  const more = rest > 0 ? `\n  and ${rest} more` : "";
  return `The ${of} is wrong in ${places}:${shown.join("")}${more}`;
}

/** What was written, fit to be shown. */
export function shownValue(written: readonly string[], isSecret: boolean): string {
  if (isSecret) return MASK;
  const flat = written
    .join(", ")
    .replace(/\p{Cc}/gu, " ")
    .replaceAll(CREDENTIALS, `$1$2${MASK}@`);
  return flat.length > MAX_SHOWN_CHARS ? `${flat.slice(0, MAX_SHOWN_CHARS)}…` : flat;
}

function told({ key, value, source, why }: Problem): string {
  const is = value === undefined ? "" : ` is '${value}'`;
  return `${key}${is} (${describeSource(source)}): ${why}.`;
}
