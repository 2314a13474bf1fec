import { BAR, type Circle } from "../tavern.ts";
import { ellipse, roundRect } from "./picture.ts";

type Pen = CanvasRenderingContext2D;

/** The bar's counter; people behind it are drawn before it. */
export function drawBar(pen: Pen): void {
  const left = 0;
  const width = BAR.right - left;
  const top = BAR.top + 6;
  pen.fillStyle = "rgb(0 0 0 / 0.35)";
  roundRect(pen, left, top + 12, width + 8, BAR.bottom - top - 4, 6);
  pen.fillStyle = "#4a2c15";
  roundRect(pen, left, top + 14, width, BAR.bottom - top - 14, 4);
  pen.fillStyle = "#5f3a1c";
  for (let panel = left + 10; panel < width - 30; panel += 60) {
    roundRect(pen, panel, top + 24, 48, BAR.bottom - top - 32, 4);
  }
  const top3d = pen.createLinearGradient(0, top, 0, top + 18);
  top3d.addColorStop(0, "#a9713a");
  top3d.addColorStop(1, "#83532a");
  pen.fillStyle = top3d;
  roundRect(pen, left, top, width + 6, 18, 5);
  pen.fillStyle = "rgb(255 220 160 / 0.25)";
  pen.fillRect(left, top + 2, width, 2);
  drawMug(pen, 128, top + 8);
  drawMug(pen, 150, top + 10);
  drawMug(pen, 322, top + 9);
  drawBread(pen, 274, top + 8);
}

export function drawTable(pen: Pen, { x, y, radius }: Circle): void {
  const flat = radius * 0.56;
  const rim = y - 16;
  pen.fillStyle = "rgb(0 0 0 / 0.34)";
  ellipse(pen, x, y + 12, radius * 0.98, flat * 0.92);
  for (const side of [-1, 1]) drawStool(pen, x + side * (radius + 4), y + 12);
  pen.fillStyle = "#3d2511";
  roundRect(pen, x - 8, rim, 16, 36, 4);
  pen.fillStyle = "#56351a";
  ellipse(pen, x, rim + 6, radius, flat);
  const wood = pen.createRadialGradient(x - 10, rim - 8, 4, x, rim, radius);
  wood.addColorStop(0, "#b07a41");
  wood.addColorStop(1, "#7d4f28");
  pen.fillStyle = wood;
  ellipse(pen, x, rim, radius, flat);
  pen.strokeStyle = "rgb(60 34 14 / 0.45)";
  pen.lineWidth = 1.2;
  for (const share of [0.72, 0.42]) {
    pen.beginPath();
    pen.ellipse(x, rim, radius * share, flat * share, 0, 0.3, 5.2);
    pen.stroke();
  }
  drawMug(pen, x - radius * 0.45, rim + 4);
  drawMug(pen, x + radius * 0.42, rim - 4);
}

/** A candle whose flame `flicker` (about 1) makes larger or smaller. */
export function drawCandle(pen: Pen, x: number, y: number, flicker: number): void {
  pen.fillStyle = "#8f6a2c";
  ellipse(pen, x, y, 7, 3);
  pen.fillStyle = "#efe3c4";
  pen.fillRect(x - 2.6, y - 13, 5.2, 13);
  pen.fillStyle = "#ffb347";
  ellipse(pen, x, y - 18, 2.8, 5.4 * flicker);
  pen.fillStyle = "#fff3c9";
  ellipse(pen, x, y - 16.6, 1.4, 2.8 * flicker);
}

/** The fire in the hearth: tongues that sway with time. */
export function drawFire(pen: Pen, x: number, y: number, timeMs: number): void {
  const tongues = [
    { at: -24, height: 28, color: "#d9481c" },
    { at: 22, height: 30, color: "#d9481c" },
    { at: -8, height: 46, color: "#ee7a22" },
    { at: 12, height: 40, color: "#ee7a22" },
    { at: 0, height: 30, color: "#ffc44d" },
    { at: -14, height: 20, color: "#ffc44d" },
    { at: 3, height: 16, color: "#fff0b8" },
  ];
  for (const [index, tongue] of tongues.entries()) {
    const sway = Math.sin(timeMs / (130 + index * 23) + index * 2) * 5;
    const height = tongue.height * (0.86 + 0.14 * Math.sin(timeMs / (90 + index * 17) + index));
    const left = x + tongue.at;
    pen.fillStyle = tongue.color;
    pen.beginPath();
    pen.moveTo(left - 10, y);
    pen.quadraticCurveTo(left - 9, y - height * 0.5, left + sway, y - height);
    pen.quadraticCurveTo(left + 9, y - height * 0.5, left + 10, y);
    pen.fill();
  }
}

/** The goods of a travelling merchant: a crate, a sack, and something that shines. */
export function drawWares(pen: Pen, x: number, y: number): void {
  pen.fillStyle = "rgb(0 0 0 / 0.32)";
  ellipse(pen, x + 12, y + 3, 46, 9);
  pen.fillStyle = "#6d4622";
  roundRect(pen, x - 24, y - 30, 42, 32, 3);
  pen.strokeStyle = "#3f2711";
  pen.lineWidth = 2.5;
  pen.strokeRect(x - 21, y - 27, 36, 26);
  pen.beginPath();
  pen.moveTo(x - 21, y - 1);
  pen.lineTo(x + 15, y - 27);
  pen.stroke();
  pen.fillStyle = "#8d7a4e";
  ellipse(pen, x + 38, y - 12, 17, 15);
  pen.fillStyle = "#6d5c38";
  roundRect(pen, x + 33, y - 32, 10, 9, 3);
  pen.fillStyle = "#f0c04a";
  for (const [dx, dy] of [
    [-14, -34],
    [-4, -36],
    [6, -33],
  ] as const) {
    ellipse(pen, x + dx, y + dy, 5, 3.6);
  }
}

function drawStool(pen: Pen, x: number, y: number): void {
  pen.fillStyle = "#3d2511";
  pen.fillRect(x - 9, y - 6, 4, 14);
  pen.fillRect(x + 5, y - 6, 4, 14);
  pen.fillStyle = "#6f4724";
  ellipse(pen, x, y - 7, 14, 7);
  pen.fillStyle = "#8a5c31";
  ellipse(pen, x, y - 9, 13, 6);
}

function drawMug(pen: Pen, x: number, y: number): void {
  pen.strokeStyle = "#c08f4f";
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x + 6.5, y - 5.5, 3.4, -1.4, 1.4);
  pen.stroke();
  pen.fillStyle = "#9a6b36";
  roundRect(pen, x - 5.5, y - 11, 11, 12, 2);
  pen.fillStyle = "#fbf2dc";
  ellipse(pen, x, y - 11, 6, 2.8);
}

function drawBread(pen: Pen, x: number, y: number): void {
  pen.fillStyle = "#7d4f28";
  ellipse(pen, x, y, 22, 5);
  pen.fillStyle = "#c98d45";
  ellipse(pen, x, y - 5, 16, 7);
  pen.strokeStyle = "#f0c887";
  pen.lineWidth = 1.8;
  for (const dx of [-7, 0, 7]) {
    pen.beginPath();
    pen.moveTo(x + dx - 2, y - 9);
    pen.lineTo(x + dx + 2, y - 3);
    pen.stroke();
  }
}
