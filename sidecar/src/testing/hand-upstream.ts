import type { ChatMessage } from "../chat.ts";
import type { SessionUpstream } from "../session/rooms.ts";
import type { Failure, Generation, GenerationRequest, SlotRequest } from "../upstream/upstream.ts";

const DONE: Generation = { stoppedBy: "stop", loadMs: 0, prefillMs: 0, promptTokens: 1, tokens: 1 };

/** A wish that waits for its slot, or a generation that has one already. */
type Asked = GenerationRequest & Partial<Pick<SlotRequest, "granted" | "preempted">>;

/** One wish for a generation, answered by the test's own hand. Silent once it was aborted. */
export class HandGeneration {
  readonly wish: Asked;

  constructor(wish: Asked) {
    this.wish = wish;
  }

  get isAborted(): boolean {
    return this.wish.signal.aborted;
  }

  get prompt(): string {
    return this.wish.request.messages.map(({ content }) => content).join("\n");
  }

  grant(): void {
    if (this.isAborted) return;
    this.wish.granted?.();
    this.wish.events.sent();
  }

  preempt(): void {
    if (!this.isAborted) this.wish.preempted?.();
  }

  text(piece: string): void {
    if (!this.isAborted) this.wish.events.text(piece);
  }

  done(generation: Partial<Generation> = {}): void {
    if (!this.isAborted) this.wish.events.done({ ...DONE, ...generation });
  }

  fail(failure: Failure = { kind: "engine", why: "scripted" }): void {
    if (!this.isAborted) this.wish.events.failed(failure);
  }
}

/** An upstream without an engine: wishes pile up in `asked` and the test answers them. */
export class HandUpstream implements SessionUpstream {
  readonly asked: HandGeneration[] = [];
  readonly kept: string[] = [];
  readonly promptStyle = "bare";
  #unavailable: string | undefined;
  #refuses = false;

  get unavailable(): string | undefined {
    return this.#unavailable;
  }

  get last(): HandGeneration {
    const last = this.asked.at(-1);
    if (!last) throw new Error("nothing was asked of the upstream");
    return last;
  }

  becomeUnavailable(): void {
    this.#unavailable = "the test says so";
  }

  refuseFromNowOn(): void {
    this.#refuses = true;
  }

  charsAfter(): number {
    return Infinity;
  }

  request(wish: SlotRequest): void {
    if (this.#refuses) return wish.refused();
    this.asked.push(new HandGeneration(wish));
  }

  keepWarm(_character: string, prefix: (style: "bare") => ChatMessage): () => void {
    const { content } = prefix(this.promptStyle);
    this.kept.push(content);
    return () => {
      const at = this.kept.indexOf(content);
      if (at !== -1) this.kept.splice(at, 1);
    };
  }
}
