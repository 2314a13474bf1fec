/** Why the process could not start: one line for the user, and the exit code that the README documents. */
export const EXIT_CODES = {
  usage: 2,
  model_missing: 3,
  model_unusable: 4,
  no_native_build: 5,
  cannot_listen: 6,
} as const;

export type StartupErrorCode = keyof typeof EXIT_CODES;

export class StartupError extends Error {
  override readonly name = "StartupError";
  readonly code: StartupErrorCode;
  readonly remedy: string;

  /** `what` says what was wrong and where; `remedy` says what to do. Both are whole sentences. */
  constructor(code: StartupErrorCode, what: string, remedy: string, cause?: unknown) {
    super(what, { cause });
    this.code = code;
    this.remedy = remedy;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
