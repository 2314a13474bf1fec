import type { Bench } from "./bench.ts";

/** Every bench that `npm run bench -- NAME` knows. */
export const BENCHES: readonly Bench[] = [];
