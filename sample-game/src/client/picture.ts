import { DOOR, TAVERN } from "../tavern.ts";

type Pen = CanvasRenderingContext2D;

/** The hearth's fire, world units. */
export const HEARTH = { x: 790, y: 168, halfWidth: 46 } as const;

const WALL_HEIGHT = 186;

/** A repeatable scatter: the same boards on every page and every redraw. */
function scatter(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Paints all that stands still behind the people: walls, windows, shelves, hearth, floor, rug. */
export function paintTavern(pen: Pen): void {
  paintFloor(pen);
  paintRug(pen);
  paintDoor(pen);
  paintWall(pen);
  paintShelves(pen);
  paintWindow(pen, 478, 56);
  paintSign(pen);
  paintHearth(pen);
}

function paintFloor(pen: Pen): void {
  const chance = scatter(7);
  const board = 34;
  for (let top = WALL_HEIGHT; top < TAVERN.height; top += board) {
    let left = -chance() * 180;
    while (left < TAVERN.width) {
      const length = 150 + chance() * 160;
      const light = 25 + chance() * 6;
      pen.fillStyle = `hsl(${24 + chance() * 6} 42% ${light}%)`;
      pen.fillRect(left, top, length, board);
      pen.fillStyle = `hsl(24 45% ${light - 9}%)`;
      pen.fillRect(left, top + board - 2, length, 2);
      pen.fillRect(left + length - 2, top, 2, board);
      pen.fillStyle = "hsl(24 40% 14% / 0.5)";
      pen.fillRect(left + 6, top + 7, 2.5, 2.5);
      pen.fillRect(left + 6, top + board - 12, 2.5, 2.5);
      paintGrain(pen, left, top, length, board, chance);
      left += length;
    }
  }
  const shade = pen.createLinearGradient(0, WALL_HEIGHT, 0, WALL_HEIGHT + 50);
  shade.addColorStop(0, "rgb(0 0 0 / 0.45)");
  shade.addColorStop(1, "rgb(0 0 0 / 0)");
  pen.fillStyle = shade;
  pen.fillRect(0, WALL_HEIGHT, TAVERN.width, 50);
}

function paintGrain(
  pen: Pen,
  left: number,
  top: number,
  length: number,
  height: number,
  chance: () => number,
): void {
  pen.strokeStyle = "hsl(22 45% 16% / 0.22)";
  pen.lineWidth = 1;
  for (let line = 0; line < 3; line++) {
    const y = top + 6 + chance() * (height - 12);
    const start = left + chance() * length * 0.5;
    const end = start + chance() * (left + length - start);
    pen.beginPath();
    pen.moveTo(start, y);
    pen.quadraticCurveTo((start + end) / 2, y + (chance() - 0.5) * 5, end, y);
    pen.stroke();
  }
}

function paintRug(pen: Pen): void {
  const rug = { x: 472, y: 440, halfWidth: 150, halfHeight: 76 };
  pen.fillStyle = "rgb(0 0 0 / 0.28)";
  ellipse(pen, rug.x, rug.y + 4, rug.halfWidth + 2, rug.halfHeight + 2);
  const rings = ["#5b1f1c", "#b8863b", "#6d2620", "#3c2a4a", "#7c3026", "#b8863b", "#5b1f1c"];
  for (const [index, color] of rings.entries()) {
    const share = 1 - index * 0.13;
    pen.fillStyle = color;
    ellipse(pen, rug.x, rug.y, rug.halfWidth * share, rug.halfHeight * share);
  }
  pen.fillStyle = "#d9ad5f";
  for (let petal = 0; petal < 24; petal++) {
    const angle = (petal / 24) * Math.PI * 2;
    const x = rug.x + Math.cos(angle) * rug.halfWidth * 0.68;
    const y = rug.y + Math.sin(angle) * rug.halfHeight * 0.68;
    ellipse(pen, x, y, 4, 2.4);
  }
}

function paintDoor(pen: Pen): void {
  const moonlight = pen.createRadialGradient(DOOR.x, 650, 10, DOOR.x, 650, 120);
  moonlight.addColorStop(0, "rgb(150 180 230 / 0.5)");
  moonlight.addColorStop(1, "rgb(150 180 230 / 0)");
  pen.fillStyle = "#4a3a2a";
  roundRect(pen, DOOR.x - 56, 604, 112, 30, 6);
  pen.fillStyle = "#5d4a36";
  roundRect(pen, DOOR.x - 50, 608, 100, 22, 4);
  pen.fillStyle = "#3a2c1f";
  pen.font = "bold 13px Georgia, 'DejaVu Serif', serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText("WIPE · YOUR · FEET", DOOR.x, 620, 94);
  pen.fillStyle = moonlight;
  pen.fillRect(DOOR.x - 120, 540, 240, 100);
}

function paintWall(pen: Pen): void {
  const chance = scatter(19);
  const plaster = pen.createLinearGradient(0, 0, 0, WALL_HEIGHT);
  plaster.addColorStop(0, "#5a3d26");
  plaster.addColorStop(1, "#7a5535");
  pen.fillStyle = plaster;
  pen.fillRect(0, 0, TAVERN.width, WALL_HEIGHT);
  for (let patch = 0; patch < 90; patch++) {
    pen.fillStyle = `hsl(28 40% ${30 + chance() * 18}% / 0.16)`;
    ellipse(pen, chance() * 960, chance() * 180, 10 + chance() * 46, 4 + chance() * 12);
  }
  paintWainscot(pen, chance);
  pen.fillStyle = "#33200f";
  for (const x of [0, 406, 640, 936]) pen.fillRect(x, 0, 24, WALL_HEIGHT);
  pen.fillRect(0, 0, TAVERN.width, 26);
  pen.fillStyle = "#4b3018";
  for (const x of [3, 409, 643, 939]) pen.fillRect(x, 26, 5, WALL_HEIGHT - 26);
  pen.fillRect(0, 20, TAVERN.width, 4);
  pen.fillStyle = "#22140a";
  pen.fillRect(0, WALL_HEIGHT - 6, TAVERN.width, 6);
}

function paintWainscot(pen: Pen, chance: () => number): void {
  for (let left = 0; left < TAVERN.width; left += 22) {
    pen.fillStyle = `hsl(25 44% ${19 + chance() * 5}%)`;
    pen.fillRect(left, 120, 21, WALL_HEIGHT - 120);
  }
  pen.fillStyle = "#5a3a1e";
  pen.fillRect(0, 114, TAVERN.width, 8);
}

function paintShelves(pen: Pen): void {
  const chance = scatter(31);
  const colors = ["#3f6b4a", "#7a2f2a", "#b07a2c", "#3a5673", "#6b4a7d", "#8c8f3f", "#a9552f"];
  pen.fillStyle = "#2b1a0d";
  roundRect(pen, 44, 36, 340, 84, 4);
  for (const shelf of [74, 114]) {
    let left = 54;
    while (left < 366) {
      const width = 9 + chance() * 9;
      const height = 18 + chance() * 14;
      const color = colors[Math.floor(chance() * colors.length)] ?? "#888";
      paintBottle(pen, left, shelf, width, height, color);
      left += width + 4 + chance() * 9;
    }
    pen.fillStyle = "#6b4524";
    pen.fillRect(44, shelf, 340, 6);
    pen.fillStyle = "#3d2612";
    pen.fillRect(44, shelf + 5, 340, 2);
  }
}

function paintBottle(pen: Pen, x: number, foot: number, w: number, h: number, color: string): void {
  pen.fillStyle = color;
  roundRect(pen, x, foot - h * 0.66, w, h * 0.66, 3);
  pen.fillRect(x + w * 0.33, foot - h, w * 0.34, h * 0.4);
  pen.fillStyle = "#c9a56a";
  pen.fillRect(x + w * 0.3, foot - h - 2, w * 0.4, 3);
  pen.fillStyle = "rgb(255 240 210 / 0.35)";
  pen.fillRect(x + 2, foot - h * 0.58, 1.8, h * 0.42);
}

function paintWindow(pen: Pen, x: number, y: number): void {
  pen.fillStyle = "#26170b";
  roundRect(pen, x - 7, y - 7, 112, 72, 5);
  const night = pen.createLinearGradient(0, y, 0, y + 58);
  night.addColorStop(0, "#141f3f");
  night.addColorStop(1, "#33466e");
  pen.fillStyle = night;
  pen.fillRect(x, y, 98, 58);
  pen.fillStyle = "#f4edcf";
  ellipse(pen, x + 72, y + 18, 9, 9);
  pen.fillStyle = "#141f3f";
  ellipse(pen, x + 76, y + 15, 8, 8);
  pen.fillStyle = "#e8ecff";
  const stars = [12, 10, 30, 26, 46, 12, 20, 42, 58, 34, 84, 44, 38, 48];
  for (let star = 0; star < stars.length; star += 2) {
    pen.fillRect(x + (stars[star] ?? 0), y + (stars[star + 1] ?? 0), 1.6, 1.6);
  }
  pen.fillStyle = "#4b3018";
  pen.fillRect(x + 47, y, 4, 58);
  pen.fillRect(x, y + 27, 98, 4);
  pen.fillStyle = "#5a3a1e";
  pen.fillRect(x - 10, y + 62, 118, 7);
}

function paintSign(pen: Pen): void {
  pen.fillStyle = "#4b3018";
  roundRect(pen, 872, 46, 62, 66, 4);
  pen.fillStyle = "#23302a";
  roundRect(pen, 876, 50, 54, 58, 2);
  pen.fillStyle = "#e9e4d0";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.font = "bold 10px Georgia, 'DejaVu Serif', serif";
  pen.fillText("TODAY", 903, 60, 50);
  pen.font = "9px Georgia, 'DejaVu Serif', serif";
  for (const [index, line] of ["stew", "old stew", "tales 2c"].entries()) {
    pen.fillText(line, 903, 75 + index * 12, 50);
  }
}

function paintHearth(pen: Pen): void {
  const chance = scatter(53);
  pen.fillStyle = "#40382f";
  roundRect(pen, HEARTH.x - 86, 26, 172, 34, 2);
  pen.fillStyle = "#4d443a";
  roundRect(pen, HEARTH.x - 82, 50, 164, 142, 6);
  for (let row = 0; row < 8; row++) {
    let left = HEARTH.x - 82 - (row % 2) * 12;
    while (left < HEARTH.x + 82) {
      const width = 22 + chance() * 10;
      pen.fillStyle = `hsl(28 ${8 + chance() * 8}% ${26 + chance() * 12}%)`;
      const shown = Math.max(left, HEARTH.x - 81);
      const end = Math.min(left + width - 2, HEARTH.x + 81);
      if (end > shown) roundRect(pen, shown, 52 + row * 17, end - shown, 15, 3);
      left += width;
    }
  }
  pen.fillStyle = "#6b4524";
  roundRect(pen, HEARTH.x - 96, 66, 192, 14, 4);
  pen.fillStyle = "#8a5c31";
  pen.fillRect(HEARTH.x - 94, 67, 188, 4);
  paintBottle(pen, HEARTH.x - 78, 66, 12, 22, "#7a2f2a");
  pen.fillStyle = "#b8863b";
  ellipse(pen, HEARTH.x + 62, 57, 9, 9);
  pen.fillStyle = "#120a06";
  pen.beginPath();
  pen.moveTo(HEARTH.x - HEARTH.halfWidth, 188);
  pen.lineTo(HEARTH.x - HEARTH.halfWidth, 130);
  pen.quadraticCurveTo(HEARTH.x, 84, HEARTH.x + HEARTH.halfWidth, 130);
  pen.lineTo(HEARTH.x + HEARTH.halfWidth, 188);
  pen.fill();
  pen.fillStyle = "#59504a";
  roundRect(pen, HEARTH.x - 92, 184, 184, 14, 4);
  pen.fillStyle = "#3a2413";
  roundRect(pen, HEARTH.x - 34, 172, 68, 9, 4);
  roundRect(pen, HEARTH.x - 24, 164, 48, 9, 4);
}

export function ellipse(
  pen: Pen,
  x: number,
  y: number,
  halfWidth: number,
  halfHeight: number,
): void {
  pen.beginPath();
  pen.ellipse(x, y, halfWidth, halfHeight, 0, 0, Math.PI * 2);
  pen.fill();
}

export function roundRect(
  pen: Pen,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  pen.beginPath();
  pen.roundRect(x, y, width, height, radius);
  pen.fill();
}
