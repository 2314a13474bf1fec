import type { FakeClock } from "@banterwire/protocol/testing";
import { MAX_WAITING_CUES, ZOMBIE_HOLD_MS } from "../../config.ts";
import type { Happening, Observe } from "../../happening.ts";
import { Endpoint } from "../../upstream/endpoint.ts";
import type { MemberSpec } from "../../upstream/fleet-member.ts";
import type { Answer } from "../answer.ts";
import { memberOf } from "../member.ts";
import { MemoryOllama } from "../memory-ollama.ts";
import { MOODS } from "../moods.ts";
import type { Reply } from "../reply.ts";
import type { WhileLoading } from "../residency.ts";
import type { Move } from "./move.ts";

export interface BackendOptions {
  readonly clock: FakeClock;
  readonly slots: number;
  readonly pieceBytes: number;
  readonly whileLoading: WhileLoading;
  readonly observe: Observe;
  reply(index: number): Reply;
}

const LOAD_MS = 900;
const PREFILL_MS_PER_TOKEN = 0.4;
const OTHER_CONTEXT_LENGTH = 2_048;

/** An Ollama and the endpoint that speaks to it, with what may happen to it. */
export class VirtualBackend {
  readonly endpoint: Endpoint;
  readonly member: MemberSpec;
  readonly #options: BackendOptions;
  readonly #ollama: MemoryOllama;
  /** How often the model was driven out of memory, and how often by a load of somebody else's. */
  #evictions = 0;
  #foreignLoads = 0;
  /** What the engine was last told to answer, and how often it was found to answer nothing. */
  #lastReply: Reply | undefined;
  /** How it answers for now, whatever else it would have said. */
  #turned: Reply | undefined;
  #quarantines = 0;
  readonly #wrongQuarantines: string[] = [];

  /** @param at how many there are before it */
  constructor(at: number, options: BackendOptions) {
    const { clock, slots, pieceBytes, whileLoading } = options;
    this.#options = options;
    this.#ollama = new MemoryOllama({
      clock,
      slots,
      loadMs: LOAD_MS,
      prefillMsPerToken: PREFILL_MS_PER_TOKEN,
      pieceBytes,
      whileLoading,
      answerWith: (_body, index) => (this.#lastReply = this.#turned ?? options.reply(index)),
    });
    const url = `http://127.0.0.1:${11_434 + at}`;
    this.endpoint = new Endpoint({
      promptStyle: "instructed",
      locate: () => Promise.resolve(url),
      wantedModel: undefined,
      slots,
      maxWaiting: MAX_WAITING_CUES,
      zombieHoldMs: ZOMBIE_HOLD_MS,
      hasHostCache: true,
      clock,
      observe: (happening) => this.#observe(happening),
      connect: this.#ollama.connect,
    });
    const name = at === 0 ? "ollama" : `ollama-${at + 1}`;
    this.member = memberOf(this.endpoint, { name, place: url });
  }

  strike(
    move: Extract<Move, { do: "engineDown" | "unload" | "foreignReload" | "path" | "turn" }>,
  ): void {
    const { clock } = this.#options;
    const { engine } = this.#ollama;
    if (move.do === "path") {
      engine.answerPathWith(move.path, MOODS[move.mood]);
      clock.schedule(move.forMs, () => engine.answerPathWith(move.path, "usual"));
      return;
    }
    if (move.do === "turn") {
      this.#turned = MOODS[move.mood];
      clock.schedule(move.forMs, () => (this.#turned = undefined));
      return;
    }
    this.#evictions++;
    if (move.do === "unload") return engine.unload();
    if (move.do === "engineDown") {
      this.#ollama.goDown();
      clock.schedule(move.forMs, () => this.#ollama.comeUp());
      return;
    }
    this.#foreignLoads++;
    const body = { model: "scripted:latest", options: { num_ctx: OTHER_CONTEXT_LENGTH } };
    void engine.handle("/api/generate", body, NOBODY);
  }

  #observe(happening: Happening): void {
    if (happening.kind === "endpointWedged") {
      this.#quarantines++;
      if (this.#lastReply !== MOODS.blackHole) {
        this.#wrongQuarantines.push("an engine that answers was put into quarantine");
      }
    }
    this.#options.observe(happening);
  }

  /**
   * What is wrong now; holds at any moment.
   * @param mayBeOwn generations of the sidecar's own that may run here
   */
  breaches(openLines: number, mayBeOwn: number): string[] {
    const { slots, inFlight, held, zombies, waiting, opens, closes } = this.endpoint.status;
    const { queued } = this.#ollama.engine.books;
    const wrong = this.#ollama.faults.map((fault) => `thrown: ${String(fault)}`);
    wrong.push(...this.#wrongQuarantines);
    if (inFlight + zombies > slots)
      wrong.push(`${inFlight} + ${zombies} zombies in ${slots} slots`);
    if (queued > 0) wrong.push(`${queued} generations found every slot of the engine taken`);
    if (waiting > MAX_WAITING_CUES) wrong.push(`${waiting} cues wait`);
    if (opens - closes !== inFlight)
      wrong.push(`${opens} opens, ${closes} closes, ${inFlight} run`);
    // A line that is over has left its slot or its place, unless that could kill a load.
    if (inFlight + waiting > openLines + mayBeOwn + held) {
      wrong.push(`${inFlight} run and ${waiting} wait for ${openLines} open lines`);
    }
    return wrong;
  }

  /** What is wrong once all clocks have run out. */
  verdict(): string[] {
    const { inFlight, zombies, waiting, opens, closes } = this.endpoint.status;
    const { loads, opens: engineOpens, closes: engineCloses } = this.#ollama.engine.books;
    const wrong: string[] = [];
    if (this.endpoint.unavailable !== undefined) wrong.push(this.endpoint.unavailable);
    if (inFlight + zombies + waiting > 0) wrong.push("something is in flight for ever");
    if (opens !== closes) wrong.push(`${opens} opens, ${closes} closes`);
    if (engineOpens !== engineCloses) wrong.push("the engine's books do not balance");
    // One may be killed before the one that has no deadline. A quarantine has the model unloaded, and
    // nothing but canaries loads it again.
    const maxLoads = 1 + this.#evictions * 2 + this.#foreignLoads + this.#quarantines;
    if (loads > maxLoads) {
      wrong.push(`${loads} loads, ${this.#evictions} evictions, ${this.#quarantines} quarantines`);
    }
    return [...wrong, ...this.leftovers()];
  }

  leftovers(): string[] {
    return this.#ollama.openExchanges > 0 ? ["a request is open for ever"] : [];
  }
}

/** For a request whose answer nobody reads. */
const NOBODY: Answer = {
  gone: new AbortController().signal,
  head: () => {},
  write: () => Promise.resolve(),
  end: () => {},
  destroy: () => {},
};
