import { type Point, TAVERN } from "../tavern.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Which part of the tavern a stage shows: it fills the stage and keeps `eye` in sight. */
export interface Camera {
  /** Stage pixels per world unit. */
  readonly scale: number;
  /** World units at the stage's top left. */
  readonly left: number;
  readonly top: number;
}

/** Smaller than this, people are too small to look at. */
const MIN_SCALE = 0.62;

export function cameraFor(stage: Size, eye: Point): Camera {
  const scale = Math.max(stage.width / TAVERN.width, stage.height / TAVERN.height, MIN_SCALE);
  return {
    scale,
    left: slide(eye.x - stage.width / scale / 2, TAVERN.width - stage.width / scale),
    top: slide(eye.y - stage.height / scale / 2, TAVERN.height - stage.height / scale),
  };
}

function slide(wish: number, room: number): number {
  return Math.min(Math.max(0, wish), Math.max(0, room));
}

export function toStage(camera: Camera, { x, y }: Point): Point {
  return { x: (x - camera.left) * camera.scale, y: (y - camera.top) * camera.scale };
}

export function toWorld(camera: Camera, { x, y }: Point): Point {
  return { x: x / camera.scale + camera.left, y: y / camera.scale + camera.top };
}
