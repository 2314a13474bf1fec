import { PATRONS } from "../patrons.ts";
import { BAR, type Point, TABLES, TAVERN } from "../tavern.ts";
import type { Area } from "./bubble-layout.ts";
import { type Camera, cameraFor, type Size, toStage } from "./camera.ts";
import { drawPatron, drawPlayer } from "./figures.ts";
import { drawBar, drawCandle, drawFire, drawTable, drawWares } from "./furniture.ts";
import { Light } from "./light.ts";
import { ellipse, HEARTH, paintTavern } from "./picture.ts";

/** What of a player the scene shows. */
export interface ShownPlayer extends Point {
  readonly name: string;
  readonly hue: number;
  readonly present: boolean;
}

export interface View {
  readonly players: ReadonlyMap<string, ShownPlayer>;
  /** Our own session id. */
  readonly me: string | undefined;
  /** Ids of patrons and players whose words are coming. */
  readonly speaking: ReadonlySet<string>;
  /** Id of the patron who would hear us. */
  readonly listener: string | undefined;
}

interface Body {
  x: number;
  y: number;
  stride: number;
  facing: number;
}

interface Drawable {
  readonly y: number;
  draw(): void;
}

/** Positions come every 50 ms; a figure closes on them with this time constant. */
const GLIDE_MS = 60;
const MAX_PIXEL_RATIO = 2;
const HEAD_ABOVE_FEET = 74;
const FACE_SIZE = 30;

/** Draws the tavern and the people in it. */
export class Scene {
  readonly #canvas: HTMLCanvasElement;
  readonly #pen: CanvasRenderingContext2D;
  readonly #backdrop = document.createElement("canvas");
  readonly #light = new Light();
  readonly #stillness = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #bodies = new Map<string, Body>();
  #backdropScale = 0;
  #drawnMs = 0;
  #camera: Camera = { scale: 1, left: 0, top: 0 };
  #stage: Size = { width: 0, height: 0 };

  constructor(canvas: HTMLCanvasElement) {
    const pen = canvas.getContext("2d", { alpha: false });
    if (!pen) throw new Error("this browser draws no 2d canvas");
    this.#canvas = canvas;
    this.#pen = pen;
  }

  get camera(): Camera {
    return this.#camera;
  }

  /** CSS pixels. */
  get stage(): Size {
    return this.#stage;
  }

  /** Where a bubble of that patron or player hangs, world units. */
  headOf(id: string): Point | undefined {
    const patron = PATRONS.find((candidate) => candidate.id === id);
    const feet = patron?.at ?? this.#bodies.get(id);
    return feet && { x: feet.x, y: feet.y - HEAD_ABOVE_FEET };
  }

  /** Where faces are on the stage, which bubbles had better not cover. */
  faces(): Area[] {
    const people = [...PATRONS.map(({ id }) => id), ...this.#bodies.keys()];
    return people.flatMap((id) => {
      const head = this.headOf(id);
      if (!head) return [];
      const { x, y } = toStage(this.#camera, head);
      const side = FACE_SIZE * this.#camera.scale;
      return [{ left: x - side / 2, top: y + side / 4, width: side, height: side }];
    });
  }

  draw(view: View, nowMs: number): void {
    this.#measure();
    const elapsedMs = Math.min(100, Math.max(0, nowMs - this.#drawnMs));
    this.#drawnMs = nowMs;
    this.#move(view, elapsedMs);
    const me = view.me === undefined ? undefined : this.#bodies.get(view.me);
    this.#camera = cameraFor(this.#stage, me ?? { x: TAVERN.width / 2, y: TAVERN.height / 2 });
    const ratio = this.#canvas.width / Math.max(1, this.#stage.width);
    const { scale, left, top } = this.#camera;
    const pen = this.#pen;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#paintBackdrop(scale * ratio);
    pen.setTransform(
      scale * ratio,
      0,
      0,
      scale * ratio,
      -left * scale * ratio,
      -top * scale * ratio,
    );
    pen.drawImage(this.#backdrop, 0, 0, TAVERN.width, TAVERN.height);
    const timeMs = this.#stillness.matches ? 0 : nowMs;
    this.#drawLit(view, timeMs);
    this.#light.lay(pen, timeMs);
    drawFlames(pen, timeMs);
    this.#drawNames(view);
  }

  #measure(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = Math.min(MAX_PIXEL_RATIO, devicePixelRatio || 1);
    const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== pixelWidth || this.#canvas.height !== pixelHeight) {
      this.#canvas.width = pixelWidth;
      this.#canvas.height = pixelHeight;
    }
    this.#stage = { width, height };
  }

  #paintBackdrop(scale: number): void {
    if (this.#backdropScale === scale) return;
    this.#backdropScale = scale;
    this.#backdrop.width = Math.ceil(TAVERN.width * scale);
    this.#backdrop.height = Math.ceil(TAVERN.height * scale);
    const pen = this.#backdrop.getContext("2d");
    if (!pen) return;
    pen.scale(scale, scale);
    paintTavern(pen);
  }

  #move({ players }: View, elapsedMs: number): void {
    for (const id of this.#bodies.keys()) if (!players.has(id)) this.#bodies.delete(id);
    const share = 1 - Math.exp(-elapsedMs / GLIDE_MS);
    for (const [id, player] of players) {
      const body = this.#bodies.get(id) ?? { x: player.x, y: player.y, stride: 0, facing: 1 };
      this.#bodies.set(id, body);
      const [dx, dy] = [player.x - body.x, player.y - body.y];
      body.x += dx * share;
      body.y += dy * share;
      const walks = Math.hypot(dx, dy) > 1.2;
      body.stride += ((walks ? 1 : 0) - body.stride) * share;
      if (Math.abs(dx) > 1.2) body.facing = Math.sign(dx);
    }
  }

  /** What light falls on, from back to front. */
  #drawLit(view: View, timeMs: number): void {
    const pen = this.#pen;
    const drawables: Drawable[] = [
      { y: BAR.top + 10, draw: () => drawBar(pen) },
      { y: 372, draw: () => drawWares(pen, 858, 372) },
      ...TABLES.map((table) => ({ y: table.y, draw: () => drawTable(pen, table) })),
    ];
    for (const { id, at } of PATRONS) {
      const speaking = view.speaking.has(id);
      const pose = { ...at, timeMs, stride: 0, speaking, facing: this.#facingOf(id, at, view) };
      drawables.push({
        y: at.y,
        draw: () => {
          if (view.listener === id) drawAttention(pen, at, timeMs);
          drawPatron(pen, id, pose);
        },
      });
    }
    for (const [id, player] of view.players) {
      const body = this.#bodies.get(id);
      if (!body) continue;
      const pose = { ...body, timeMs, speaking: view.speaking.has(id) };
      drawables.push({
        y: body.y,
        draw: () => {
          pen.globalAlpha = player.present ? 1 : 0.4;
          drawPlayer(pen, pose, player.hue);
          pen.globalAlpha = 1;
        },
      });
    }
    for (const drawable of drawables.toSorted((a, b) => a.y - b.y)) drawable.draw();
  }

  /** Patrons look at us when they would hear us. */
  #facingOf(id: string, at: Point, { listener, me }: View): number {
    const body = listener === id && me !== undefined ? this.#bodies.get(me) : undefined;
    if (body) return Math.sign(body.x - at.x) || 1;
    return at.x > TAVERN.width / 2 ? -1 : 1;
  }

  #drawNames(view: View): void {
    for (const { id, name, at } of PATRONS) {
      const below = id === "marla" ? { x: at.x, y: at.y + 66 } : { x: at.x, y: at.y + 17 };
      drawName(this.#pen, name, below, view.listener === id ? "#ffd27d" : "#e9d5ae");
    }
    for (const [id, player] of view.players) {
      const body = this.#bodies.get(id);
      if (!body) continue;
      const label = player.present ? player.name : `${player.name} …`;
      drawName(
        this.#pen,
        label,
        { x: body.x, y: body.y + 17 },
        id === view.me ? "#b9e0ff" : "#fff",
      );
    }
  }
}

function drawFlames(pen: CanvasRenderingContext2D, timeMs: number): void {
  drawFire(pen, HEARTH.x, 178, timeMs);
  for (const [seed, { x, y, radius }] of TABLES.entries()) {
    drawCandle(pen, x + radius * 0.04, y - 17, Light.flicker(timeMs, seed + 2));
  }
  drawCandle(pen, 52, BAR.top + 76 - 66, Light.flicker(timeMs, 9));
}

function drawAttention(pen: CanvasRenderingContext2D, { x, y }: Point, timeMs: number): void {
  const swell = 1 + 0.06 * Math.sin(timeMs / 260);
  pen.fillStyle = "rgb(255 205 110 / 0.34)";
  ellipse(pen, x, y + 1, 31 * swell, 12 * swell);
}

function drawName(
  pen: CanvasRenderingContext2D,
  name: string,
  { x, y }: Point,
  color: string,
): void {
  pen.font = "600 13px system-ui, 'Segoe UI', 'Liberation Sans', sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const halfWidth = pen.measureText(name).width / 2 + 7;
  pen.fillStyle = "rgb(15 8 3 / 0.72)";
  pen.beginPath();
  pen.roundRect(x - halfWidth, y - 9, halfWidth * 2, 18, 9);
  pen.fill();
  pen.fillStyle = color;
  pen.fillText(name, x, y + 0.5);
}
