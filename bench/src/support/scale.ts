/** How long the benches of processes take: `BENCH_SCALE=quick`, `usual` (the default) or `long`. */
export const SCALES = ["quick", "usual", "long"] as const;
export type Scale = (typeof SCALES)[number];

/** @throws if BENCH_SCALE names no scale */
export function scaleFromEnv(env: NodeJS.ProcessEnv = process.env): Scale {
  const named = env["BENCH_SCALE"] ?? "usual";
  const scale = SCALES.find((one) => one === named);
  if (scale === undefined) {
    throw new Error(`BENCH_SCALE is '${named}'; set it to ${SCALES.join(", ")}, or leave it out`);
  }
  return scale;
}
