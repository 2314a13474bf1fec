/** A request as the scripted Ollama received it. */
export interface Received {
  readonly path: string;
  /** The parsed body; undefined where there was none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** What a scripted Ollama has seen, to be compared with what the sidecar says of itself. */
export interface Books {
  /** Every request in order of arrival; the oldest are dropped past `MAX_RECEIVED`. */
  readonly received: readonly Received[];
  /** Generations asked for, and those that are over for whatever reason. */
  readonly opens: number;
  readonly closes: number;
  /** Generations that have arrived and are not over, queued ones included. */
  readonly inFlight: number;
  readonly maxInFlight: number;
  /** Generations whose client went away before their end. */
  readonly cancelled: number;
  /** Generations that found every slot taken: a sidecar that knows the slots causes none. */
  readonly queued: number;
  /** Loads of a model that were begun, and those that died with their first requester. */
  readonly loads: number;
  readonly killedLoads: number;
  /** Sockets that are open now, and how many there have been. */
  readonly sockets: number;
  readonly socketsOpened: number;
}

type Counts = { -readonly [Key in keyof Omit<Books, "received" | "inFlight">]: number };

const MAX_RECEIVED = 10_000;

/** Keeps the books of one scripted Ollama. */
export class Bookkeeper {
  readonly #received: Received[] = [];
  readonly #counts: Counts = {
    opens: 0,
    closes: 0,
    maxInFlight: 0,
    cancelled: 0,
    queued: 0,
    loads: 0,
    killedLoads: 0,
    sockets: 0,
    socketsOpened: 0,
  };

  get books(): Books {
    const { opens, closes } = this.#counts;
    return { ...this.#counts, inFlight: opens - closes, received: [...this.#received] };
  }

  receive(received: Received): void {
    this.#received.push(received);
    if (this.#received.length > MAX_RECEIVED) this.#received.shift();
  }

  /** A generation begins; returns how to close it, once. */
  open(): (end: "done" | "cancelled") => void {
    const counts = this.#counts;
    counts.opens++;
    counts.maxInFlight = Math.max(counts.maxInFlight, counts.opens - counts.closes);
    let isOpen = true;
    return (end) => {
      if (!isOpen) return;
      isOpen = false;
      counts.closes++;
      if (end === "cancelled") counts.cancelled++;
    };
  }

  count(what: "queued" | "loads" | "killedLoads"): void {
    this.#counts[what]++;
  }

  socketOpened(): void {
    this.#counts.sockets++;
    this.#counts.socketsOpened++;
  }

  socketClosed(): void {
    this.#counts.sockets--;
  }
}
