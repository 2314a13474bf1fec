import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { memoryTransport } from "./memory-transport.ts";

describe("the fake clock", () => {
  it("fires timers at their own moment and in order, those that timers schedule too", () => {
    const clock = new FakeClock(100);
    const fired: [string, number][] = [];
    const note = (name: string) => () => fired.push([name, clock.nowMs()]);
    clock.schedule(20, note("late"));
    clock.schedule(10, () => {
      note("early")();
      clock.schedule(5, note("chained"));
    });
    clock.schedule(10, note("early too"));
    clock.schedule(1, note("called off"))();
    expect(clock.nextDueMs).toBe(110);
    clock.advance(20);
    expect(fired).toEqual([
      ["early", 110],
      ["early too", 110],
      ["chained", 115],
      ["late", 120],
    ]);
    expect([clock.nowMs(), clock.pending, clock.nextDueMs]).toEqual([120, 0, undefined]);
  });

  it("fires nothing while the loop is blocked, and in one turn only what was due before it", () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    clock.schedule(10, () => {
      fired.push("due");
      clock.schedule(0, () => fired.push("next turn"));
    });
    clock.block(50);
    expect(fired).toEqual([]);
    clock.turn();
    expect(fired).toEqual(["due"]);
    clock.turn();
    expect(fired).toEqual(["due", "next turn"]);
  });
});

describe("the memory transport", () => {
  it("carries messages in order with a delay each way, and says when the other end lets go", () => {
    const clock = new FakeClock();
    const log: string[] = [];
    const open = memoryTransport({
      clock,
      upDelayMs: 30,
      downDelayMs: 5,
      accept: (transport) => ({
        received(bytes) {
          log.push(`up ${bytes.join()} at ${clock.nowMs()}`);
          transport.send(Uint8Array.of(9));
          transport.close(1000, "done");
        },
        lost: (why) => log.push(`up lost: ${why}`),
      }),
    });
    const transport = open({
      opened: () => log.push(`opened at ${clock.nowMs()}`),
      received: (bytes) => log.push(`down ${bytes.join()} at ${clock.nowMs()}`),
      lost: (why) => log.push(`down lost: ${why}`),
    });
    clock.advance(5);
    transport.send(Uint8Array.of(1));
    expect(transport.bufferedBytes).toBe(1);
    clock.advance(100);
    transport.send(Uint8Array.of(2));
    clock.advance(100);
    expect(log).toEqual([
      "opened at 5",
      "up 1 at 35",
      "down 9 at 40",
      "down lost: closed with code 1000 done",
      "up lost: closed with code 1000 done",
    ]);
  });
});
