import { expect, test } from "vitest";
import { TAVERN } from "../tavern.ts";
import { cameraFor, toStage, toWorld } from "./camera.ts";

const ROUNDING = 1e-6;

const STAGES = [
  { width: 964, height: 637 },
  { width: 390, height: 470 },
  { width: 844, height: 200 },
  { width: 3_840, height: 1_600 },
] as const;

const EYES = [0, 0.2, 0.5, 0.9, 1].flatMap((x) =>
  [0, 0.4, 1].map((y) => ({ x: x * TAVERN.width, y: y * TAVERN.height })),
);

test.each(STAGES)("a stage of $width x $height is filled, and the eye is in sight", (stage) => {
  for (const eye of EYES) {
    const camera = cameraFor(stage, eye);
    const near = toWorld(camera, { x: 0, y: 0 });
    const far = toWorld(camera, { x: stage.width, y: stage.height });
    expect(Math.min(near.x, near.y)).toBeGreaterThanOrEqual(0);
    expect(far.x).toBeLessThanOrEqual(TAVERN.width + ROUNDING);
    expect(far.y).toBeLessThanOrEqual(TAVERN.height + ROUNDING);
    const seen = toStage(camera, eye);
    expect(Math.min(seen.x, seen.y)).toBeGreaterThanOrEqual(-ROUNDING);
    expect(seen.x).toBeLessThanOrEqual(stage.width + ROUNDING);
    expect(seen.y).toBeLessThanOrEqual(stage.height + ROUNDING);
  }
});
