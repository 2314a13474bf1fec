import type { Point } from "../tavern.ts";

export interface Legs {
  /** Held keys, as a direction of at most 1 each way; none is a halt. */
  steer(direction: Point): void;
  /** A place on the stage, CSS pixels from its top left. */
  walkTo(place: Point): void;
}

const DIRECTIONS: Readonly<Record<string, Point>> = {
  ArrowUp: { x: 0, y: -1 },
  KeyW: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  KeyS: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  KeyA: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  KeyD: { x: 1, y: 0 },
};

const DRAG_EVERY_MS = 120;

/**
 * Lets keys and pointer walk. Letters walk only where no text is typed; arrows do so in an empty
 * field too, where they have nothing else to do.
 */
export function listenToLegs(stage: HTMLElement, legs: Legs): void {
  const held = new Set<string>();
  const tell = (): void => {
    const parts = [...held].map((code) => DIRECTIONS[code] ?? { x: 0, y: 0 });
    const sum = (of: "x" | "y"): number =>
      Math.max(
        -1,
        Math.min(
          1,
          parts.reduce((total, part) => total + part[of], 0),
        ),
      );
    legs.steer({ x: sum("x"), y: sum("y") });
  };
  const releaseAll = (): void => {
    if (held.size === 0) return;
    held.clear();
    tell();
  };
  addEventListener("keydown", (event) => {
    if (!DIRECTIONS[event.code] || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!walks(event)) return;
    event.preventDefault();
    if (held.has(event.code)) return;
    held.add(event.code);
    tell();
  });
  addEventListener("keyup", (event) => {
    if (held.delete(event.code)) tell();
  });
  addEventListener("blur", releaseAll);
  listenToPointer(stage, legs);
}

function walks(event: KeyboardEvent): boolean {
  const { target, code } = event;
  if (!(target instanceof HTMLElement)) return true;
  if (target instanceof HTMLInputElement) {
    return target.value === "" && target.id === "words" && code.startsWith("Arrow");
  }
  // A list that scrolls keeps its arrow keys.
  return target.getAttribute("role") !== "log";
}

function listenToPointer(stage: HTMLElement, legs: Legs): void {
  let toldMs = 0;
  const go = (event: PointerEvent): void => {
    const { left, top } = stage.getBoundingClientRect();
    toldMs = event.timeStamp;
    legs.walkTo({ x: event.clientX - left, y: event.clientY - top });
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button === 0) go(event);
  });
  stage.addEventListener("pointermove", (event) => {
    const dragged = (event.buttons & 1) === 1;
    if (dragged && event.timeStamp - toldMs > DRAG_EVERY_MS) go(event);
  });
}
