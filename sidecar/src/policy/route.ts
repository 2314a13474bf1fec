import type { Cue } from "@banterwire/protocol";

/**
 * Who answers a cue: the nearest of its candidates who is known, the more attentive of two at the
 * same distance.
 */
export function chooseSpeaker<Known>(
  candidates: Cue["candidates"],
  known: (character: string) => Known | undefined,
): Known | undefined {
  let chosen: { known: Known; distanceCm: number; attention: number } | undefined;
  for (const [id, distanceCm, attention] of candidates) {
    const found = known(id);
    if (!found) continue;
    const nearer = !chosen || distanceCm < chosen.distanceCm;
    const keener = chosen?.distanceCm === distanceCm && attention > chosen.attention;
    if (nearer || keener) chosen = { known: found, distanceCm, attention };
  }
  return chosen?.known;
}
