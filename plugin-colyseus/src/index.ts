export type {
  Candidate,
  Character,
  Cue,
  HitRates,
  Line,
  LineResult,
} from "@banterwire/protocol/client";
export type { BanterOptions, PlayerIdentity } from "./options.ts";
export { BanterPlugin } from "./plugin.ts";
export { connectSidecar, type SidecarOptions } from "./sidecar.ts";
