import { listOfProblems, type Problem } from "../config/problem.ts";
import { EXIT_CODES, StartError } from "../start-error.ts";

/** Everything that is wrong with a scenario, at once. */
export class ScenarioError extends StartError {
  constructor(problems: readonly Problem[]) {
    super(
      "bad_scenario",
      EXIT_CODES.usage,
      listOfProblems("scenario", problems),
      "See what is allowed with: banterwire simulate --help",
    );
    this.name = "ScenarioError";
  }
}
