import { TABLES, TAVERN } from "../tavern.ts";
import { HEARTH } from "./picture.ts";

interface Lamp {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly color: string;
  /** How far it flickers, 0 to 1. */
  readonly unrest: number;
}

const LAMPS: readonly Lamp[] = [
  { x: HEARTH.x, y: HEARTH.y + 20, radius: 430, color: "255 140 60", unrest: 0.07 },
  { x: 210, y: 150, radius: 310, color: "255 165 95", unrest: 0.02 },
  ...TABLES.map(({ x, y }) => ({ x, y: y - 26, radius: 180, color: "255 150 85", unrest: 0.04 })),
  { x: 480, y: 640, radius: 170, color: "120 150 220", unrest: 0 },
  { x: 526, y: 96, radius: 120, color: "130 160 230", unrest: 0 },
];

/** The room is lit at a quarter of its size: light has no edges to lose. */
const SCALE = 0.25;
const REDRAW_MS = 66;
const AMBIENT = "#7d6656";

/** The light of fire and candles, laid over the scene; flickers unless told to hold still. */
export class Light {
  readonly #canvas = document.createElement("canvas");
  readonly #pen: CanvasRenderingContext2D | null;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor() {
    this.#canvas.width = TAVERN.width * SCALE;
    this.#canvas.height = TAVERN.height * SCALE;
    this.#pen = this.#canvas.getContext("2d");
  }

  /** About 1: how bright the lamp at `seed` is now. */
  static flicker(timeMs: number, seed: number): number {
    return 1 + 0.5 * Math.sin(timeMs / 83 + seed * 5) * Math.sin(timeMs / 211 + seed * 3);
  }

  /** Darkens the scene where no lamp shines; `pen` must be in world units. */
  lay(pen: CanvasRenderingContext2D, timeMs: number): void {
    if (timeMs - this.#drawnMs > REDRAW_MS || timeMs < this.#drawnMs) this.#redraw(timeMs);
    pen.save();
    pen.globalCompositeOperation = "multiply";
    pen.drawImage(this.#canvas, 0, 0, TAVERN.width, TAVERN.height);
    pen.restore();
  }

  #redraw(timeMs: number): void {
    const pen = this.#pen;
    if (!pen) return;
    this.#drawnMs = timeMs;
    pen.setTransform(SCALE, 0, 0, SCALE, 0, 0);
    pen.globalCompositeOperation = "source-over";
    pen.fillStyle = AMBIENT;
    pen.fillRect(0, 0, TAVERN.width, TAVERN.height);
    pen.globalCompositeOperation = "lighter";
    for (const [seed, lamp] of LAMPS.entries()) {
      const wobble = 1 + (Light.flicker(timeMs, seed) - 1) * lamp.unrest * 2;
      const radius = lamp.radius * wobble;
      const glow = pen.createRadialGradient(lamp.x, lamp.y, 4, lamp.x, lamp.y, radius);
      glow.addColorStop(0, `rgb(${lamp.color} / ${0.66 * wobble})`);
      glow.addColorStop(0.45, `rgb(${lamp.color} / ${0.3 * wobble})`);
      glow.addColorStop(1, `rgb(${lamp.color} / 0)`);
      pen.fillStyle = glow;
      pen.fillRect(lamp.x - radius, lamp.y - radius, radius * 2, radius * 2);
    }
  }
}
