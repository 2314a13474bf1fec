import type { Clock } from "@banterwire/protocol";
import type { Happening } from "../happening.ts";
import type { Log } from "../log.ts";
import { LogLimit } from "./log-limit.ts";

export interface LogLinesOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Whether what players say, and prompts, stand in the log at debug; else their lengths do. */
  showsText(): boolean;
}

type Kind = Happening["kind"];
type Level = "debug" | "info" | "warn" | "error";
type Fields = Readonly<Record<string, unknown>>;

/** Of one kind in one second: a few rooms that talk at once are logged whole. */
export const MAX_LOG_LINES_PER_SECOND = 50;

const LINES: Readonly<Record<Kind, readonly [Level, string]>> = {
  connectionOpened: ["info", "game connected"],
  connectionClosed: ["info", "game disconnected"],
  sessionEnded: ["debug", "session ended"],
  upgradeRefused: ["warn", "upgrade refused"],
  socketFailed: ["debug", "socket failed"],
  errorSent: ["warn", "error sent"],
  errorReceived: ["warn", "error received"],
  faulted: ["error", "a fault of the sidecar's own"],
  roomOpened: ["info", "room opened"],
  roomClosed: ["info", "room closed"],
  cueTaken: ["debug", "cue"],
  modelAsked: ["debug", "model asked"],
  generationCancelled: ["debug", "generation cancelled"],
  lineEnded: ["info", "line ended"],
  lineHeard: ["debug", "heard"],
  outcomeReported: ["debug", "outcome"],
  endpointWarm: ["info", "endpoint warm"],
  endpointDown: ["warn", "endpoint down"],
  endpointWedged: ["warn", "endpoint wedged"],
  endpointEjected: ["warn", "endpoint ejected for a while"],
  sameProcess: [
    "warn",
    "two endpoints are one Ollama: its slots are counted twice, and the second adds nothing",
  ],
  sameGpu: [
    "warn",
    "two endpoints on one machine have their models in GPU memory: unless each was started with a " +
      "GPU of its own (CUDA_VISIBLE_DEVICES), they share its time and its memory, and the second " +
      "adds no throughput; nvidia-smi tells, and `gpu` at each endpoint says that they have one each",
  ],
  sameCpu: [
    "warn",
    "two endpoints on one machine compute without a GPU: they share its cores, and the second adds " +
      "no throughput; give the first one their slots together",
  ],
  failedOver: ["debug", "line goes on at another endpoint"],
  hedged: ["debug", "line is late: asked for at a second endpoint"],
  hedgeWon: ["debug", "the second endpoint was first"],
  foreignReload: ["warn", "the model was reloaded by another"],
  warmUpRefused: ["warn", "a character's prefix cannot be kept warm"],
  generationFailed: ["warn", "generation failed"],
  textAfterCancel: ["debug", "text after cancel"],
};

/**
 * Writes what happens to the log, a line each. A flood of one kind is cut to
 * `MAX_LOG_LINES_PER_SECOND`; the end of that second says how many more there were.
 */
export class LogLines {
  readonly #options: LogLinesOptions;
  readonly #limit = new LogLimit(MAX_LOG_LINES_PER_SECOND);
  readonly #summaries = new Map<Kind, () => void>();

  constructor(options: LogLinesOptions) {
    this.#options = options;
  }

  /** Lines held back since start. */
  get suppressed(): number {
    return this.#limit.suppressed;
  }

  /** @param nowMs when it happened */
  observe(happening: Happening, nowMs: number): void {
    const { log } = this.#options;
    const { kind } = happening;
    const [level, message] = LINES[kind];
    if (!log.isLevelEnabled(level)) return;
    const verdict = this.#limit.judge(kind, nowMs);
    if (verdict === "held-first") this.#summariseLater(kind);
    if (verdict !== "write") return;
    log[level](fieldsOf(happening, this.#options.showsText()), message);
  }

  /** Writes the summaries that would come later; for the end. */
  close(): void {
    for (const kind of this.#summaries.keys().toArray()) this.#summarise(kind);
  }

  #summariseLater(kind: Kind): void {
    const { clock } = this.#options;
    const restMs = this.#limit.restMs(kind, clock.nowMs());
    this.#summaries.set(
      kind,
      clock.schedule(restMs, () => this.#summarise(kind)),
    );
  }

  #summarise(kind: Kind): void {
    this.#summaries.get(kind)?.();
    this.#summaries.delete(kind);
    const more = this.#limit.settle(kind);
    const [level, message] = LINES[kind];
    this.#options.log[level]({ happening: kind, more }, `${more} more: ${message}`);
  }
}

function fieldsOf(happening: Happening, showsText: boolean): Fields {
  const { kind, ...fields } = happening;
  const text = (value: string | null): string | null => (showsText ? value : hidden(value));
  switch (happening.kind) {
    case "cueTaken": {
      const { said, event } = happening;
      return { happening: kind, ...fields, said: text(said), event: text(event) };
    }
    case "lineHeard":
      return { happening: kind, ...fields, text: text(happening.text) };
    case "modelAsked": {
      const prompt = happening.prompt.map(({ role, content }) => ({
        role,
        content: text(content),
      }));
      return { happening: kind, ...fields, prompt };
    }
    case "outcomeReported": {
      const { kind: _message, ...report } = happening.report;
      return { happening: kind, connection: happening.connection, ...report };
    }
    case "faulted":
      return { happening: kind, connection: happening.connection, err: happening.error };
    default:
      return { happening: kind, ...fields };
  }
}

/** A text that is there without its words. */
function hidden(text: string | null): string | null {
  return text === null ? null : `[${text.length} characters]`;
}
