import { configureGlobal } from "fast-check";

/**
 * Property tests play the same cases each time, so that a run that fails is the change's doing.
 * Others by `PROPERTY_SEED=7`, or any other number.
 */
configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? 20_261_121) });
