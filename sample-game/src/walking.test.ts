import { describe, expect, test } from "vitest";
import { BAR, DOOR, distance, FLOOR, TABLES, TAVERN, WALK_SPEED_PER_SECOND } from "./tavern.ts";
import { type Heading, settle, STILL, walk } from "./walking.ts";

describe("walking", () => {
  test("a held key moves a player at walking speed, and no faster on the diagonal", () => {
    const straight = walk({ at: DOOR, heading: { kind: "steer", x: 0, y: -1 } }, 100);
    const diagonal = walk({ at: DOOR, heading: { kind: "steer", x: -1, y: -1 } }, 100);
    expect(distance(DOOR, straight.at)).toBeCloseTo(WALK_SPEED_PER_SECOND / 10);
    expect(distance(DOOR, diagonal.at)).toBeCloseTo(WALK_SPEED_PER_SECOND / 10);
  });

  test("releasing the keys is a halt", () => {
    expect(walk({ at: DOOR, heading: { kind: "steer", x: 0, y: 0 } }, 100)).toEqual({
      at: DOOR,
      heading: STILL,
    });
  });

  test("a walk to a place ends there", () => {
    const goal = { x: 470, y: 420 };
    let step = { at: DOOR, heading: { kind: "to", ...goal } as Heading };
    for (let ticks = 0; ticks < 40; ticks++) step = walk(step, 50);
    expect(distance(step.at, goal)).toBeLessThan(1);
    expect(step.heading).toEqual(STILL);
  });

  test("a walk into furniture gives up instead of running on the spot", () => {
    const [table = { x: 0, y: 0, radius: 0 }] = TABLES;
    let step = {
      at: { x: table.x, y: table.y + table.radius + 5 },
      heading: { kind: "to", x: table.x, y: table.y } as Heading,
    };
    for (let ticks = 0; ticks < 40; ticks++) step = walk(step, 50);
    expect(step.heading).toEqual(STILL);
  });

  test("nobody ever stands in a wall, at the bar's place or beyond the floor", () => {
    for (let left = -40; left <= TAVERN.width + 40; left += 7) {
      for (let top = -40; top <= TAVERN.height + 40; top += 7) {
        const { x, y } = settle({ x: left, y: top });
        const isOnFloor =
          x >= FLOOR.left && x <= FLOOR.right && y >= FLOOR.top && y <= FLOOR.bottom;
        const isClearOfBar = x >= BAR.right || y >= BAR.bottom || x <= BAR.left;
        expect({ left, top, isOnFloor, isClearOfBar }).toEqual({
          left,
          top,
          isOnFloor: true,
          isClearOfBar: true,
        });
      }
    }
  });
});
