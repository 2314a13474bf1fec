import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeadlineClock, systemClock } from "./clock.ts";

it("fires once and never early, however short the wait", async () => {
  for (const delayMs of [0, 0.3, 1, 1.7, 5.2]) {
    const startMs = systemClock.nowMs();
    const fired = vi.fn<() => void>();
    await new Promise<void>((resolve) => {
      systemClock.schedule(delayMs, () => {
        fired();
        resolve();
      });
    });
    expect(systemClock.nowMs() - startMs).toBeGreaterThanOrEqual(delayMs);
    expect(fired).toHaveBeenCalledOnce();
  }
});

it("does not fire once it was called off", async () => {
  const fired = vi.fn<() => void>();
  systemClock.schedule(1, fired)();
  await new Promise<void>((resolve) => {
    systemClock.schedule(10, resolve);
  });
  expect(fired).not.toHaveBeenCalled();
});

describe("DeadlineClock", () => {
  const fault = vi.fn<(error: unknown) => void>();

  beforeEach(() => {
    fault.mockReset();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("keeps one native timer for any number of deadlines, and none when there are none", () => {
    const clock = new DeadlineClock(fault);
    const offs = [50, 10, 30].map((delayMs) => clock.schedule(delayMs, () => {}));
    expect(vi.getTimerCount()).toBe(1);
    for (const off of offs) off();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fires in order of time, those due together in order of scheduling", () => {
    const clock = new DeadlineClock(fault);
    const fired: string[] = [];
    clock.schedule(20, () => fired.push("late"));
    clock.schedule(10, () => fired.push("first of two"));
    clock.schedule(10, () => fired.push("second of two"));
    vi.advanceTimersByTime(25);
    expect(fired).toEqual(["first of two", "second of two", "late"]);
  });

  it("a check fires what is due before the native timer could, once", () => {
    const clock = new DeadlineClock(fault);
    const fired = vi.fn<() => void>();
    clock.schedule(10, fired);
    clock.check();
    expect(fired).not.toHaveBeenCalled();
    const later = performance.now() + 15;
    const blocked = vi.spyOn(performance, "now").mockReturnValue(later);
    clock.check();
    blocked.mockRestore();
    expect(fired).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(50);
    expect(fired).toHaveBeenCalledOnce();
  });

  it("what a callback schedules for now waits for the next check", () => {
    const clock = new DeadlineClock(fault);
    const fired: string[] = [];
    clock.schedule(0, () => {
      fired.push("first");
      clock.schedule(0, () => fired.push("second"));
    });
    clock.check();
    expect(fired).toEqual(["first"]);
    clock.check();
    expect(fired).toEqual(["first", "second"]);
  });

  it("one that is due and is called off by another due one does not fire", () => {
    const clock = new DeadlineClock(fault);
    const fired = vi.fn<() => void>();
    const offs: (() => void)[] = [];
    clock.schedule(5, () => offs.forEach((off) => off()));
    offs.push(clock.schedule(5, fired));
    vi.advanceTimersByTime(10);
    expect(fired).not.toHaveBeenCalled();
  });

  it("a callback that throws does not keep the others from theirs, nor the later ones", () => {
    const clock = new DeadlineClock(fault);
    const fired: string[] = [];
    clock.schedule(0, () => {
      throw new Error("broken");
    });
    clock.schedule(0, () => fired.push("beside"));
    clock.schedule(20, () => fired.push("later"));
    clock.check();
    vi.advanceTimersByTime(25);
    expect(fired).toEqual(["beside", "later"]);
    expect(fault.mock.calls).toEqual([[new Error("broken")]]);
  });

  it("a fault of whoever is told of faults is nobody's", () => {
    const clock = new DeadlineClock(() => {
      throw new Error("nor can this be told");
    });
    const fired = vi.fn<() => void>();
    clock.schedule(1, () => {
      throw new Error("broken");
    });
    clock.schedule(1, fired);
    vi.advanceTimersByTime(5);
    expect(fired).toHaveBeenCalledOnce();
  });
});
