/** One measured figure: the median of its rounds, and the lowest and highest round. */
export type Figure = { value: number; unit: string; low: number; high: number };
export type Figures = Record<string, Figure>;

/** A bound on a figure's value, in the figure's unit. Never loosened to pass. */
export type Bound = { atMost: number } | { atLeast: number };

export type Bench = {
  name: string;
  /** One line for the list of benches. */
  about: string;
  /** By the key of the figure that each one bounds. */
  goals: Record<string, Bound>;
  /** Measures. Rejects when the run is void, say because the load generator could not keep its rate. */
  run(): Promise<Figures>;
};

/** @param rounds at least one, in `unit` */
export function figureOf(rounds: readonly number[], unit: string): Figure {
  const sorted = rounds.toSorted((a, b) => a - b);
  const low = sorted[0];
  const high = sorted.at(-1);
  if (low === undefined || high === undefined) throw new Error("a figure needs at least one round");
  const middle = (sorted.length - 1) / 2;
  const below = sorted[Math.floor(middle)] ?? low;
  const above = sorted[Math.ceil(middle)] ?? high;
  return { value: (below + above) / 2, unit, low, high };
}
