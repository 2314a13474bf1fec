/** Exit codes of the `banterwire` command, as documented in its README. */
export const EXIT_CODES = { ok: 0, crash: 1, usage: 2, portBusy: 3 } as const;

/** The sidecar cannot start, for a reason that its user can mend. */
export class StartError extends Error {
  readonly code: string;
  readonly exitCode: number;
  readonly remedy: string;

  constructor(code: string, exitCode: number, message: string, remedy: string) {
    super(message);
    this.name = "StartError";
    this.code = code;
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}
