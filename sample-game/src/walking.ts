import {
  BAR,
  type Box,
  type Circle,
  distance,
  FLOOR,
  PATRON_RADIUS,
  type Point,
  TABLES,
  WALK_SPEED_PER_SECOND,
} from "./tavern.ts";
import { PATRONS } from "./patrons.ts";

/** What a player's legs are doing. */
export type Heading =
  | { readonly kind: "still" }
  /** Held keys: a direction, of any length. */
  | { readonly kind: "steer"; readonly x: number; readonly y: number }
  /** A click: a place to go. */
  | { readonly kind: "to"; readonly x: number; readonly y: number };

export const STILL: Heading = { kind: "still" };

export interface Walk {
  readonly at: Point;
  readonly heading: Heading;
}

const OBSTACLES: readonly Circle[] = [
  ...TABLES,
  ...PATRONS.map(({ at: { x, y } }) => ({ x, y, radius: PATRON_RADIUS })),
];

/** Nearer to its place than this, a walk is over. */
const ARRIVED = 3;

/** A walk that gets on by less than this share of its step is stuck at furniture, and over. */
const STUCK_SHARE = 0.1;

/** One step of a walk; furniture and walls are slid along. */
export function walk({ at, heading }: Walk, elapsedMs: number): Walk {
  if (heading.kind === "still") return { at, heading };
  const stepLength = (WALK_SPEED_PER_SECOND * elapsedMs) / 1000;
  if (heading.kind === "steer") {
    const length = Math.hypot(heading.x, heading.y);
    if (length === 0) return { at, heading: STILL };
    const scale = stepLength / Math.max(1, length);
    return { at: settle({ x: at.x + heading.x * scale, y: at.y + heading.y * scale }), heading };
  }
  const left = distance(at, heading);
  if (left <= Math.max(ARRIVED, stepLength)) return { at: settle(heading), heading: STILL };
  const scale = stepLength / left;
  const next = settle({
    x: at.x + (heading.x - at.x) * scale,
    y: at.y + (heading.y - at.y) * scale,
  });
  const stuck = left - distance(next, heading) < stepLength * STUCK_SHARE;
  return { at: next, heading: stuck ? STILL : heading };
}

/** The nearest place to `point` where somebody may stand. */
export function settle(point: Point): Point {
  let settled = inside(point, FLOOR);
  settled = outsideBox(settled, BAR);
  for (const obstacle of OBSTACLES) settled = outsideCircle(settled, obstacle);
  return inside(settled, FLOOR);
}

function inside({ x, y }: Point, box: Box): Point {
  return {
    x: Math.min(box.right, Math.max(box.left, x)),
    y: Math.min(box.bottom, Math.max(box.top, y)),
  };
}

function outsideBox(point: Point, box: Box): Point {
  const { x, y } = point;
  if (x <= box.left || x >= box.right || y <= box.top || y >= box.bottom) return point;
  // The bar stands against the wall: the ways out are to its right and in front of it.
  return box.right - x < box.bottom - y ? { x: box.right, y } : { x, y: box.bottom };
}

function outsideCircle(point: Point, circle: Circle): Point {
  const away = distance(point, circle);
  if (away >= circle.radius) return point;
  if (away === 0) return { x: circle.x, y: circle.y + circle.radius };
  const scale = circle.radius / away;
  return {
    x: circle.x + (point.x - circle.x) * scale,
    y: circle.y + (point.y - circle.y) * scale,
  };
}
