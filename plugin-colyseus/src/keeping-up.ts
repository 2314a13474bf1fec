/** A client with more than this waiting in its socket gets nothing more of ours, bytes. */
export const MAX_CLIENT_BUFFERED_BYTES = 65_536;
/**
 * One that was passed over is told everything once no more than this is waiting, bytes. Lower than
 * the bound: a snapshot is larger than what it stands for, and one after the other would keep a
 * slow connection full of them.
 */
export const RESYNC_BUFFERED_BYTES = 16_384;

/** `current`: it has all that was said. `behind`: it is owed a snapshot. */
export type Standing = "current" | "behind";
/** What a client gets at one flush. */
export type Delivery = "changes" | "snapshot" | "nothing";

/** The one transition table of how a client keeps up. */
export function keepUp(
  standing: Standing,
  client: { readonly isJoined: boolean; readonly bufferedBytes: number },
): { readonly standing: Standing; readonly delivery: Delivery } {
  // For one whose join is not complete frames would pile up without bound.
  if (!client.isJoined) return { standing: "behind", delivery: "nothing" };
  switch (standing) {
    case "current":
      return client.bufferedBytes <= MAX_CLIENT_BUFFERED_BYTES
        ? { standing: "current", delivery: "changes" }
        : { standing: "behind", delivery: "nothing" };
    case "behind":
      return client.bufferedBytes <= RESYNC_BUFFERED_BYTES
        ? { standing: "current", delivery: "snapshot" }
        : { standing: "behind", delivery: "nothing" };
  }
}
