import type { Priority } from "@banterwire/protocol";
import { FakeClock } from "@banterwire/protocol/testing";
import { MAX_WAITING_CUES, ZOMBIE_HOLD_MS } from "../../config.ts";
import type { Happening } from "../../happening.ts";
import { Endpoint } from "../../upstream/endpoint.ts";
import { Fleet } from "../../upstream/fleet.ts";
import type { MemberSpec } from "../../upstream/fleet-member.ts";
import { TOO_LATE } from "../../upstream/upstream.ts";
import { memberOf } from "../member.ts";
import { MemoryOllama } from "../memory-ollama.ts";
import { type Reply, saying } from "../reply.ts";
import type { ScriptedModel } from "../scripted-engine.ts";
import { pass } from "./pass.ts";

export interface VirtualSpec extends Partial<MemberSpec> {
  readonly model?: string;
  /** Which engine it speaks to, where that is not its own. */
  readonly engine?: number;
  /** How much of a model fits into its GPU memory. */
  readonly gpuShare?: number;
}

export interface VirtualAsk {
  readonly character?: string;
  readonly priority?: Priority;
  readonly budgetMs?: number;
}

/** What became of one wish. */
export interface VirtualAnswer {
  text: string;
  firstMs: number | undefined;
  ends: ("done" | "failed" | "refused" | "late" | "preempted")[];
}

const MODELS: readonly ScriptedModel[] = [
  { name: "small:1b", sizeBytes: 1 },
  { name: "large:8b", sizeBytes: 2 },
];
const CUE = "Hello!";
const PREFILL_MS_PER_TOKEN = 0.5;
export const USUAL: Reply = saying("Mind the step, traveller, it is older than me.", 10);

/** Several Ollamas behind one fleet, under one clock; wishes as lines make them. */
export class VirtualFleet {
  readonly clock = new FakeClock(1_000);
  readonly ollamas: readonly MemoryOllama[];
  readonly endpoints: readonly Endpoint[];
  readonly fleet: Fleet;
  readonly happenings: Happening[] = [];
  readonly answers: VirtualAnswer[] = [];

  readonly #preamble: string;

  /**
   * @param specs one for each endpoint, with the slots that its engine has too
   * @param preamble how every persona begins
   */
  constructor(specs: readonly VirtualSpec[], preamble = "") {
    this.#preamble = preamble;
    const { clock } = this;
    const observe = (happening: Happening): void => void this.happenings.push(happening);
    this.ollamas = specs.map(
      ({ slots = 2, gpuShare }) =>
        new MemoryOllama({
          clock,
          slots,
          models: MODELS,
          loadMs: 300,
          prefillMsPerToken: PREFILL_MS_PER_TOKEN,
          answerWith: USUAL,
          ...(gpuShare !== undefined && { gpuShare }),
        }),
    );
    this.endpoints = specs.map(
      ({ slots = 2, model, engine }, at) =>
        new Endpoint({
          promptStyle: "instructed",
          locate: () => Promise.resolve(`http://10.0.0.${at}:11434`),
          wantedModel: model,
          slots,
          maxWaiting: MAX_WAITING_CUES,
          zombieHoldMs: ZOMBIE_HOLD_MS,
          hasHostCache: true,
          clock,
          observe,
          connect: this.ollamas[engine ?? at]?.connect ?? fail,
        }),
    );
    const members = this.endpoints.map((endpoint, at) => {
      const name = at === 0 ? "ollama" : `ollama-${at + 1}`;
      const { model: _model, engine: _engine, gpuShare: _share, ...spec } = specs[at] ?? {};
      return memberOf(endpoint, { name, place: `http://10.0.0.${at}:11434`, ...spec });
    });
    this.fleet = new Fleet(members, { clock, observe });
  }

  static async open(...parameters: ConstructorParameters<typeof VirtualFleet>) {
    const virtual = new VirtualFleet(...parameters);
    virtual.fleet.start();
    // All have been warm for long: nobody is being let in slowly.
    await virtual.pass(15_000);
    return virtual;
  }

  pass(ms: number): Promise<void> {
    return pass(this.clock, ms);
  }

  keepWarm(character: string): () => void {
    return this.fleet.keepWarm(character, () => ({
      role: "system",
      content: this.#personaOf(character),
    }));
  }

  /** Asks as a line does: given up as too late if no text has come by its deadline. */
  ask({ character = "mira", priority = "reply", budgetMs = 200 }: VirtualAsk = {}): VirtualAnswer {
    const answer: VirtualAnswer = { text: "", firstMs: undefined, ends: [] };
    this.answers.push(answer);
    const giveUp = new AbortController();
    const askedMs = this.clock.nowMs();
    const disarm = this.clock.schedule(budgetMs, () => {
      if (answer.firstMs !== undefined || answer.ends.length > 0) return;
      answer.ends.push("late");
      giveUp.abort(TOO_LATE);
    });
    const end = (what: VirtualAnswer["ends"][number]): void => {
      disarm();
      answer.ends.push(what);
    };
    this.fleet.request({
      request: {
        messages: [
          { role: "system", content: this.#personaOf(character) },
          { role: "user", content: CUE },
        ],
        maxTokens: 32,
      },
      character,
      priority,
      room: 1,
      deadlineMs: askedMs + budgetMs,
      signal: giveUp.signal,
      granted: () => {},
      refused: () => end("refused"),
      preempted: () => end("preempted"),
      events: {
        sent: () => {},
        text: (piece) => {
          answer.firstMs ??= this.clock.nowMs() - askedMs;
          answer.text += piece;
        },
        done: () => end("done"),
        failed: () => end("failed"),
      },
    });
    return answer;
  }

  /** Which engines were asked to speak for a character since the books had so many requests. */
  enginesOf(character: string, since: readonly number[] = []): number[] {
    return this.ollamas.flatMap(({ engine }, at) => {
      const received = engine.books.received.slice(since[at] ?? 0);
      const isAsked = received.some(
        ({ path, body }) =>
          path === "/api/chat" &&
          JSON.stringify(body?.["messages"]).includes(this.#personaOf(character)),
      );
      return isAsked ? [at] : [];
    });
  }

  /** To be handed to `enginesOf` later. */
  get marks(): number[] {
    return this.ollamas.map(({ engine }) => engine.books.received.length);
  }

  /** Cues that engines were sent, each as often as it was. */
  get cuesSent(): number {
    const received = this.ollamas.flatMap(({ engine }) => engine.books.received);
    return received.filter(({ body }) => JSON.stringify(body?.["messages"] ?? "").includes(CUE))
      .length;
  }

  count(kind: Happening["kind"]): number {
    return this.happenings.filter((happening) => happening.kind === kind).length;
  }

  /** Generations that the sidecar asked for by itself: canaries, and prefixes read beforehand. */
  get own(): number {
    const received = this.ollamas.flatMap(({ engine }) => engine.books.received);
    return received.filter(({ body }) => {
      const options = body?.["options"] as { num_predict?: number } | undefined;
      return options?.num_predict === 1;
    }).length;
  }

  async close(): Promise<void> {
    const closed = this.fleet.close();
    await this.pass(500);
    await closed;
  }

  /** Sixty words or so, thirty milliseconds of prefill, beside what all begin with. */
  #personaOf(character: string): string {
    const words = Array.from({ length: 60 }, (_, at) => `${character}${at}`);
    return `${this.#preamble}${words.join(" ")}`;
  }
}

function fail(): never {
  throw new Error("an endpoint without an engine");
}
