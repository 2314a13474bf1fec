import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A process of the bench that answers one question at a time. */
export class Child<Question, Answer> {
  readonly #process: ChildProcess;
  readonly #path: string;

  /** @param path a module that calls `answerParent` */
  constructor(path: string, args: readonly string[] = [], execArgv: readonly string[] = []) {
    this.#path = path;
    this.#process = fork(path, [...args], {
      execArgv: ["--conditions=@banterwire/source", ...execArgv],
      serialization: "advanced",
    });
    // A failed send is followed by `exit`, which `ask` waits for too.
    this.#process.on("error", () => {});
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** @throws if the process ends before it answers */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void =>
        reject(new Error(`${this.#path} ended with ${code} before it answered`));
      this.#process.once("exit", onExit);
      this.#process.once("message", (answer: { ok: Answer } | { failed: string }) => {
        this.#process.off("exit", onExit);
        if ("ok" in answer) resolve(answer.ok);
        else reject(new Error(answer.failed));
      });
      this.#process.send(question as object);
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}

/** Answers each question of the parent process with what the function returns; ends with it. */
export function answerParent(answer: (question: never) => unknown): void {
  const reply = async (question: never): Promise<void> => {
    try {
      process.send?.({ ok: await answer(question) });
    } catch (error) {
      process.send?.({
        failed: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  };
  process.on("message", (question) => void reply(question as never));
  process.on("disconnect", () => process.exit());
}
