import { expect, test } from "vitest";
import { layOutBubbles } from "./bubble-layout.ts";

const stage = { width: 390, height: 470 };
test("a bubble hangs centred over its speaker where there is room", () => {
  expect(layOutBubbles([{ x: 200, y: 300, width: 100, height: 40 }], stage)).toEqual([
    { left: 150, top: 260, tail: 50 },
  ]);
});

test("no bubble reaches over the edges of the stage", () => {
  const [width, height] = [230, 110];
  for (let x = -200; x <= 600; x += 40) {
    for (let y = -200; y <= 700; y += 50) {
      const crowd = [0, 30, 60, 90].map((aside) => ({ x: x + aside, y: y - aside, width, height }));
      for (const { left, top } of layOutBubbles(crowd, stage)) {
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
        expect(left + width).toBeLessThanOrEqual(stage.width);
        expect(top + height).toBeLessThanOrEqual(stage.height);
      }
    }
  }
});

test("a bubble leaves the face of a neighbour in sight", () => {
  const face = { left: 180, top: 255, width: 40, height: 40 };
  const [bubble] = layOutBubbles([{ x: 230, y: 300, width: 120, height: 50 }], stage, [face]);
  const { left = 0, top = 0 } = bubble ?? {};
  const isAside = left >= face.left + face.width || left + 120 <= face.left;
  const isAbove = top + 50 <= face.top || top >= face.top + face.height;
  expect(isAside || isAbove).toBe(true);
});

test("two bubbles of neighbours do not cover each other", () => {
  const [first, second] = layOutBubbles(
    [
      { x: 200, y: 300, width: 120, height: 50 },
      { x: 215, y: 310, width: 120, height: 50 },
    ],
    stage,
  );
  expect(first?.top).toBe(250);
  const apart = Math.abs((first?.top ?? 0) - (second?.top ?? 0));
  expect(apart).toBeGreaterThanOrEqual(50);
});
