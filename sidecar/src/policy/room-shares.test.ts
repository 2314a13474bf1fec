import { expect, test } from "vitest";
import { RoomShares } from "./room-shares.ts";

const QUANTUM_MS = 100;

/** After how many rounds the room may be served. */
function roundsUntilCredit(shares: RoomShares, room: string): number {
  let rounds = 0;
  for (; !shares.hasCredit(room, QUANTUM_MS) && rounds < 100; rounds++) shares.nextRound();
  return rounds;
}

test("who has used up its round waits for the next one, who has used three for three", () => {
  const shares = new RoomShares();
  expect(shares.hasCredit("new", QUANTUM_MS)).toBe(true);
  shares.charge("one", QUANTUM_MS, QUANTUM_MS);
  shares.charge("three", 3 * QUANTUM_MS, QUANTUM_MS);
  expect(roundsUntilCredit(shares, "one")).toBe(1);
  expect(roundsUntilCredit(shares, "three")).toBe(2);
});

test("a debt of more than eight rounds is forgiven", () => {
  const shares = new RoomShares();
  shares.charge("deep", 1_000 * QUANTUM_MS, QUANTUM_MS);
  expect(roundsUntilCredit(shares, "deep")).toBe(9);
});

test("no more than one round is saved, however long a room was silent", () => {
  const shares = new RoomShares();
  shares.charge("silent", QUANTUM_MS, QUANTUM_MS);
  for (let round = 0; round < 50; round++) shares.nextRound();
  shares.charge("silent", 2 * QUANTUM_MS, QUANTUM_MS);
  expect(roundsUntilCredit(shares, "silent")).toBe(2);
});

test("of 4,096 rooms the one heard of least lately starts anew", () => {
  const shares = new RoomShares();
  for (let room = 0; room <= 4_096; room++) {
    shares.charge(`room ${room}`, QUANTUM_MS, QUANTUM_MS);
  }
  expect(shares.hasCredit("room 0", QUANTUM_MS)).toBe(true);
  expect(shares.hasCredit("room 1", QUANTUM_MS)).toBe(false);
});
