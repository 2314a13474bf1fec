import type { Dispatcher } from "undici";
import type { ModelChoice } from "./model-choice.ts";
import { KEEP_ALIVE_FOREVER, type RunnerOptions } from "./ollama-chat.ts";
import { OllamaControl } from "./ollama-control.ts";

const GIVE_BACK_TIMEOUT_MS = 2_000;

/**
 * The keep-alive that a model had before we made it stay for ever, to be given back when we leave.
 * A model that we come back to after a loss stays for ever because of us: it is owed what it had
 * when it was first found.
 */
export class KeepAliveLoan {
  readonly #connect: (origin: string) => Dispatcher;
  #owed:
    | { readonly origin: string; readonly choice: ModelChoice; readonly options: RunnerOptions }
    | undefined;

  constructor(connect: (origin: string) => Dispatcher) {
    this.#connect = connect;
  }

  /** Call once the model is loaded with our keep-alive. */
  take(origin: string, choice: ModelChoice, options: RunnerOptions): void {
    const known = this.#owed;
    const isOurs =
      known?.origin === origin &&
      known.choice.model === choice.model &&
      choice.formerKeepAlive === KEEP_ALIVE_FOREVER;
    this.#owed = { origin, choice: isOurs ? known.choice : choice, options };
  }

  /**
   * Leaves what is owed to another that has come to the same model, and found it to stay for ever
   * because of us. Says whether there is such a one.
   */
  passTo(heir: KeepAliveLoan): boolean {
    const [mine, its] = [this.#owed, heir.#owed];
    if (!mine || !its || its.choice.formerKeepAlive !== KEEP_ALIVE_FOREVER) return false;
    if (its.origin !== mine.origin || its.choice.model !== mine.choice.model) return false;
    heir.#owed = { ...its, choice: mine.choice };
    this.#owed = undefined;
    return true;
  }

  /** Rejects if the Ollama does not take it. */
  async giveBack(): Promise<void> {
    if (!this.#owed) return;
    const { origin, choice, options } = this.#owed;
    if (choice.formerKeepAlive === KEEP_ALIVE_FOREVER) return;
    const dispatcher = this.#connect(origin);
    const control = new OllamaControl(
      origin,
      dispatcher,
      AbortSignal.timeout(GIVE_BACK_TIMEOUT_MS),
    );
    try {
      // To load it only in order to say how long it may stay would push another model out.
      if (!(await control.resident()).some(({ name }) => name === choice.model)) return;
      await control.load(choice.model, options, choice.formerKeepAlive);
    } finally {
      await dispatcher.destroy();
    }
  }
}
