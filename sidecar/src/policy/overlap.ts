/** What an endpoint's Ollama tells of its model in memory. */
export interface Residence {
  /** Its address. */
  readonly origin: string;
  /** When the model leaves memory. */
  readonly expiresAt?: string | undefined;
  /** Of the model with its context; and of that, what is in GPU memory. */
  readonly bytes?: number | undefined;
  readonly gpuBytes?: number | undefined;
}

/** Where an endpoint is, as far as anybody knows. */
export interface Settled extends Partial<Residence> {
  readonly machine: string | undefined;
  /** The GPU that it has to itself, where the configuration says so. */
  readonly gpu: string | undefined;
}

/**
 * What two endpoints share. `sameProcess`: they are one Ollama under two addresses, whose slots are
 * counted twice. `sameGpu`: no figure of Ollama's names a GPU, but both have one, on one machine.
 * `sameCpu`: neither has one, on one machine.
 */
export type Overlap = "sameProcess" | "sameGpu" | "sameCpu";

/** Undefined where they share nothing, or nobody can tell. */
export function overlapOf(one: Settled, other: Settled): Overlap | undefined {
  if (isExact(one.expiresAt) && one.expiresAt === other.expiresAt) return "sameProcess";
  // Two models of one Ollama are meant to share what it has.
  const areTwo = one.machine === other.machine && one.origin !== other.origin;
  if (one.machine === undefined || !areTwo || haveOneEach(one, other)) return undefined;
  if (one.gpuBytes === undefined || other.gpuBytes === undefined) return undefined;
  if (one.gpuBytes > 0 && other.gpuBytes > 0) return "sameGpu";
  return one.gpuBytes === other.gpuBytes ? "sameCpu" : undefined;
}

/** Whether its model is in GPU memory for a part only, as the rest did not fit. */
export function isSpilled({ bytes = 0, gpuBytes = 0 }: Settled): boolean {
  return gpuBytes > 0 && gpuBytes < bytes;
}

function haveOneEach(one: Settled, other: Settled): boolean {
  return one.gpu !== undefined && other.gpu !== undefined && one.gpu !== other.gpu;
}

/** To the nanosecond no two processes tell the same. */
function isExact(expiresAt: string | undefined): boolean {
  return /\.\d{6}/u.test(expiresAt ?? "");
}
