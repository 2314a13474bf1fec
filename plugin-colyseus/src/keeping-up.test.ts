import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  keepUp,
  MAX_CLIENT_BUFFERED_BYTES,
  RESYNC_BUFFERED_BYTES,
  type Standing,
} from "./keeping-up.ts";

test.each([
  ["current", MAX_CLIENT_BUFFERED_BYTES, "current", "changes"],
  ["current", MAX_CLIENT_BUFFERED_BYTES + 1, "behind", "nothing"],
  ["behind", MAX_CLIENT_BUFFERED_BYTES, "behind", "nothing"],
  ["behind", RESYNC_BUFFERED_BYTES + 1, "behind", "nothing"],
  ["behind", RESYNC_BUFFERED_BYTES, "current", "snapshot"],
] as const)(
  "one that is %s with %d bytes waiting is %s after it, and gets %s",
  (standing, bufferedBytes, after, delivery) => {
    expect(keepUp(standing, { isJoined: true, bufferedBytes })).toEqual({
      standing: after,
      delivery,
    });
  },
);

test.each(["current", "behind"] as const)(
  "one that is %s and whose join is not complete gets nothing, and is behind",
  (standing) => {
    expect(keepUp(standing, { isJoined: false, bufferedBytes: 0 })).toEqual({
      standing: "behind",
      delivery: "nothing",
    });
  },
);

const flush = fc.record({
  changesBytes: fc.nat({ max: 200_000 }),
  snapshotBytes: fc.nat({ max: 200_000 }),
  drainedBytes: fc.nat({ max: 100_000 }),
  isJoined: fc.boolean(),
});

test("whatever a socket does, it never holds more than the bound and one message, and one that drains it catches up", () => {
  fc.assert(
    fc.property(fc.array(flush, { maxLength: 100 }), (flushes) => {
      let standing: Standing = "current";
      let bufferedBytes = 0;
      let isOwed = false;
      for (const { changesBytes, snapshotBytes, drainedBytes, isJoined } of flushes) {
        const told = keepUp(standing, { isJoined, bufferedBytes });
        standing = told.standing;
        const sentBytes = { changes: changesBytes, snapshot: snapshotBytes, nothing: 0 };
        // What it was not sent it is owed, until a snapshot.
        isOwed = told.delivery === "nothing" || (isOwed && told.delivery !== "snapshot");
        expect(isOwed).toBe(standing === "behind");
        bufferedBytes += sentBytes[told.delivery];
        expect(bufferedBytes).toBeLessThanOrEqual(MAX_CLIENT_BUFFERED_BYTES + 200_000);
        bufferedBytes = Math.max(0, bufferedBytes - drainedBytes);
      }
      expect(keepUp(standing, { isJoined: true, bufferedBytes: 0 }).standing).toBe("current");
    }),
  );
});
