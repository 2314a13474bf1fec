/** The tavern's measures, in world units, shared by the server that moves and the page that draws. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Circle extends Point {
  readonly radius: number;
}

export const TAVERN = { width: 960, height: 640 } as const;

/** Where feet may stand. */
export const FLOOR: Box = { left: 28, top: 206, right: 932, bottom: 618 };

/** Players come in here. */
export const DOOR: Point = { x: 480, y: 596 };

export const BAR: Box = { left: 40, top: 196, right: 372, bottom: 262 };

export const TABLES: readonly Circle[] = [
  { x: 566, y: 318, radius: 46 },
  { x: 252, y: 452, radius: 50 },
  { x: 640, y: 512, radius: 44 },
];

/** Patrons stand still; players walk around them. */
export const PATRON_RADIUS = 20;

export const WALK_SPEED_PER_SECOND = 190;

/**
 * Patrons farther from a player than this do not hear what the player says. From the door the
 * nearest one does: a newcomer's first words are answered.
 */
export const EARSHOT = 380;

/** What a player may say at once, Unicode code points. */
export const MAX_SAID_CODE_POINTS = 280;

export const MAX_NAME_CODE_POINTS = 16;

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
