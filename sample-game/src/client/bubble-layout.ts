import type { Size } from "./camera.ts";

/** A bubble to place: its size, and the point over a head that it hangs above. Stage pixels. */
export interface Hanging extends Size {
  readonly x: number;
  readonly y: number;
}

export interface Placed {
  readonly left: number;
  readonly top: number;
  /** Where the tail points down from, from the bubble's left edge. */
  readonly tail: number;
}

const MARGIN = 8;
const GAP = 6;
const TAIL_INSET = 18;

/** A part of the stage, in its pixels. */
export interface Area extends Size {
  readonly left: number;
  readonly top: number;
}

/**
 * Places bubbles inside the stage, the first ones where they want to be, each later one clear of
 * those before it, and of the faces, where there is room.
 */
export function layOutBubbles(
  bubbles: readonly Hanging[],
  stage: Size,
  faces: readonly Area[] = [],
): Placed[] {
  const taken: (Area & Placed)[] = [];
  for (const bubble of bubbles) {
    const wish = { left: bubble.x - bubble.width / 2, top: bubble.y - bubble.height };
    const obstacles = [...taken, ...faces];
    const spots = [wish, ...obstacles.flatMap((other) => spotsAround(wish, bubble, other))];
    const inside = spots.map((spot) => keepInside(spot, bubble, stage));
    const isClear = (spot: Spot, of: readonly Area[]): boolean =>
      !of.some((other) => overlap(spot, bubble, other));
    const clear = inside.filter((spot) => isClear(spot, taken));
    const best =
      nearest(
        clear.filter((spot) => isClear(spot, faces)),
        wish,
      ) ??
      nearest(clear, wish) ??
      keepInside(wish, bubble, stage);
    const tail = Math.min(bubble.width - TAIL_INSET, Math.max(TAIL_INSET, bubble.x - best.left));
    taken.push({ ...best, tail, width: bubble.width, height: bubble.height });
  }
  return taken.map(({ left, top, tail }) => ({ left, top, tail }));
}

interface Spot {
  readonly left: number;
  readonly top: number;
}

function spotsAround(wish: Spot, size: Size, other: Area): Spot[] {
  return [
    { left: wish.left, top: other.top - GAP - size.height },
    { left: wish.left, top: other.top + other.height + GAP },
    { left: other.left - GAP - size.width, top: wish.top },
    { left: other.left + other.width + GAP, top: wish.top },
  ];
}

function keepInside(spot: Spot, size: Size, stage: Size): Spot {
  return {
    left: clamp(spot.left, size.width, stage.width),
    top: clamp(spot.top, size.height, stage.height),
  };
}

function clamp(wish: number, length: number, room: number): number {
  return Math.max(MARGIN, Math.min(wish, room - length - MARGIN));
}

function overlap(spot: Spot, size: Size, other: Area): boolean {
  return (
    spot.left < other.left + other.width &&
    other.left < spot.left + size.width &&
    spot.top < other.top + other.height &&
    other.top < spot.top + size.height
  );
}

function nearest(spots: readonly Spot[], wish: Spot): Spot | undefined {
  const far = (spot: Spot): number => Math.hypot(spot.left - wish.left, spot.top - wish.top);
  return spots.toSorted((a, b) => far(a) - far(b))[0];
}
