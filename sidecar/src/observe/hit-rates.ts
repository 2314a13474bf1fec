import type { HitRateStatus } from "../status.ts";
import type { HitCounts } from "./hit-book.ts";

/** Both hit rates beside their counts. */
export function hitRateStatus(counts: HitCounts): HitRateStatus {
  const { cues, modelHits, anyHits } = counts;
  return {
    cues,
    modelHits,
    anyHits,
    modelHitRate: cues === 0 ? null : modelHits / cues,
    anyHitRate: cues === 0 ? null : anyHits / cues,
    roomStalls: counts.roomStalls,
    unreported: counts.unreported,
    ambient: counts.ambient,
    withdrawn: counts.withdrawn,
    silences: counts.silences,
  };
}
