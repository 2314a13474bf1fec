import type { Override } from "./scenario-file.ts";

/** What a sweep may vary: the flag's name, and where its value stands in a scenario. */
export const KNOBS = {
  players: ["players"],
  rooms: ["rooms"],
  characters: ["charactersPerRoom"],
  endpoints: ["endpoints", "length"],
  slots: ["endpoints", "*", "slots"],
  "budget-ms": ["budgetMs"],
  minutes: ["minutes"],
  seed: ["seed"],
} as const satisfies Record<string, Override["path"]>;
export type Knob = keyof typeof KNOBS;

export interface Sweep {
  readonly knob: Knob;
  readonly values: readonly number[];
}

/** Runs of one call at most. */
export const MAX_RUNS = 400;
export const MAX_SWEEPS = 2;

/** Reads `slots=1,2,4`; or says what is wrong with it. */
export function parseSweep(text: string): Sweep | { readonly wrong: string } {
  const [name = "", list = ""] = text.split("=");
  const knob = (Object.keys(KNOBS) as Knob[]).find((one) => one === name.trim());
  if (knob === undefined) return { wrong: `one of ${Object.keys(KNOBS).join(", ")} is due` };
  const values = list.split(",").map((value) => (value.trim() === "" ? NaN : Number(value)));
  if (values.some((value) => Number.isNaN(value))) {
    return { wrong: `values are due, such as ${knob}=1,2,4` };
  }
  return { knob, values };
}

/** Every combination of the sweeps' values, the last sweep's changing first. */
export function combinations(
  sweeps: readonly Sweep[],
): readonly Readonly<Partial<Record<Knob, number>>>[] {
  return sweeps.reduce<readonly Readonly<Partial<Record<Knob, number>>>[]>(
    (all, { knob, values }) =>
      all.flatMap((one) => values.map((value) => ({ ...one, [knob]: value }))),
    [{}],
  );
}
