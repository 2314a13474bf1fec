import type { Bench } from "./bench.ts";
import { budget } from "./budget.ts";
import { codec } from "./codec.ts";
import { endpoints } from "./endpoints.ts";
import { goodput } from "./goodput.ts";
import { hostile } from "./hostile.ts";
import { hostileFrames } from "./hostile-frames.ts";
import { observe } from "./observe.ts";
import { overhead } from "./overhead.ts";
import { routing } from "./routing.ts";
import { simulator } from "./simulator.ts";

/** Every bench that `npm run bench -- NAME` knows. */
export const BENCHES: readonly Bench[] = [
  budget,
  codec,
  endpoints,
  goodput,
  hostile,
  hostileFrames,
  observe,
  overhead,
  routing,
  simulator,
];
