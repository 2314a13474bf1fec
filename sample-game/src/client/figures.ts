import { ellipse, roundRect } from "./picture.ts";

type Pen = CanvasRenderingContext2D;

/** How a figure stands right now. */
export interface Pose {
  /** Feet, world units. */
  readonly x: number;
  readonly y: number;
  readonly timeMs: number;
  /** 0 stands, 1 walks at full speed. */
  readonly stride: number;
  readonly speaking: boolean;
  /** -1 looks left, 1 right. */
  readonly facing: number;
}

/** Draws one figure around its own feet at the origin. */
type Figure = (pen: Pen, timeMs: number) => void;

/** A player: a hooded cloak in a colour of their own. */
export function drawPlayer(pen: Pen, pose: Pose, hue: number): void {
  drawFigure(pen, pose, () => {
    drawBoots(pen, pose, "#2b1d14");
    drawCloak(pen, `hsl(${hue} 45% 38%)`, `hsl(${hue} 48% 26%)`, 19, 40);
    pen.fillStyle = "#3a2717";
    roundRect(pen, -14, -20, 28, 4, 2);
    pen.fillStyle = "#d8b25a";
    roundRect(pen, -3, -21, 6, 6, 1.5);
    pen.fillStyle = `hsl(${hue} 46% 32%)`;
    ellipse(pen, 0, -47, 14.5, 14.5);
    drawHead(pen, -46, 11, "#e8b98f");
    pen.fillStyle = `hsl(${(hue * 7) % 60} 35% 24%)`;
    pen.beginPath();
    pen.arc(0, -48, 11, Math.PI, 0);
    pen.quadraticCurveTo(4, -52, -11, -47);
    pen.fill();
    drawEyes(pen, -45);
    drawMouth(pen, -40, pose);
  });
}

const PATRON_FIGURES: Readonly<Record<string, (pose: Pose) => Figure>> = {
  marla: (pose) => (pen) => drawMarla(pen, pose),
  flint: (pose) => (pen) => drawFlint(pen, pose),
  grix: (pose) => (pen) => drawGrix(pen, pose),
};

/** Draws the patron of that id. */
export function drawPatron(pen: Pen, id: string, pose: Pose): void {
  const figure = PATRON_FIGURES[id];
  if (figure) drawFigure(pen, pose, figure(pose));
}

function drawFigure(pen: Pen, pose: Pose, figure: Figure): void {
  const breath = Math.sin(pose.timeMs / 620 + pose.x) * 0.6;
  const bob = pose.speaking ? Math.abs(Math.sin(pose.timeMs / 130)) * 2.4 : breath;
  const hop = Math.abs(Math.sin(pose.timeMs / 95)) * 3.4 * pose.stride;
  pen.save();
  pen.translate(pose.x, pose.y);
  pen.fillStyle = "rgb(0 0 0 / 0.36)";
  ellipse(pen, 0, 1, 19, 6.5);
  pen.translate(0, -hop);
  pen.scale(pose.facing < 0 ? -1.12 : 1.12, 1.12 + bob * 0.012);
  figure(pen, pose.timeMs);
  pen.restore();
}

function drawMarla(pen: Pen, pose: Pose): void {
  drawCloak(pen, "#7d3040", "#5c2230", 24, 42);
  pen.fillStyle = "#f1e6cf";
  pen.beginPath();
  pen.moveTo(-10, -38);
  pen.lineTo(10, -38);
  pen.quadraticCurveTo(17, -14, 15, -2);
  pen.lineTo(-15, -2);
  pen.quadraticCurveTo(-17, -14, -10, -38);
  pen.fill();
  pen.fillStyle = "#a3512f";
  ellipse(pen, 0, -62, 8.5, 7);
  ellipse(pen, 0, -51, 14, 13);
  drawHead(pen, -48, 12, "#f0c19a");
  pen.fillStyle = "#a3512f";
  pen.beginPath();
  pen.arc(0, -50, 12, Math.PI, 0);
  pen.quadraticCurveTo(0, -60, -12, -50);
  pen.fill();
  pen.fillStyle = "rgb(220 90 80 / 0.4)";
  ellipse(pen, -7, -43.5, 3, 2);
  ellipse(pen, 7, -43.5, 3, 2);
  drawEyes(pen, -48);
  drawMouth(pen, -42, pose);
  const stir = Math.sin(pose.timeMs / 300) * 3;
  pen.fillStyle = "#7d3040";
  ellipse(pen, 21, -26, 6, 9);
  pen.strokeStyle = "#c9a06a";
  pen.lineWidth = 3;
  pen.beginPath();
  pen.moveTo(24, -22);
  pen.lineTo(29 + stir, -42);
  pen.stroke();
  pen.fillStyle = "#c9a06a";
  ellipse(pen, 29.5 + stir, -44, 4, 5.4);
}

function drawFlint(pen: Pen, pose: Pose): void {
  drawBoots(pen, pose, "#1d1410");
  drawCloak(pen, "#2f4560", "#1f3046", 22, 42);
  pen.fillStyle = "#e6dcc4";
  pen.beginPath();
  pen.moveTo(-6, -40);
  pen.lineTo(6, -40);
  pen.lineTo(3, -8);
  pen.lineTo(-3, -8);
  pen.fill();
  pen.fillStyle = "#d8b25a";
  for (const y of [-32, -24, -16]) {
    ellipse(pen, -9, y, 1.8, 1.8);
    ellipse(pen, 9, y, 1.8, 1.8);
  }
  drawHead(pen, -47, 12, "#d9a07a");
  pen.fillStyle = "#8f8a82";
  pen.beginPath();
  pen.moveTo(-12, -47);
  pen.quadraticCurveTo(-11, -26, 0, -27);
  pen.quadraticCurveTo(11, -26, 12, -47);
  pen.quadraticCurveTo(0, -37, -12, -47);
  pen.fill();
  drawEyes(pen, -49);
  pen.fillStyle = "#15100c";
  ellipse(pen, 4.5, -49, 4, 3.6);
  pen.strokeStyle = "#15100c";
  pen.lineWidth = 1.6;
  pen.beginPath();
  pen.moveTo(-11, -54);
  pen.lineTo(11, -47);
  pen.stroke();
  drawMouth(pen, -38, pose);
  pen.fillStyle = "#241a22";
  pen.beginPath();
  pen.moveTo(-21, -54);
  pen.quadraticCurveTo(-10, -60, -9, -68);
  pen.quadraticCurveTo(0, -74, 9, -68);
  pen.quadraticCurveTo(10, -60, 21, -54);
  pen.quadraticCurveTo(0, -62, -21, -54);
  pen.fill();
  pen.strokeStyle = "#d8b25a";
  pen.lineWidth = 1.6;
  pen.beginPath();
  pen.moveTo(-20, -54.6);
  pen.quadraticCurveTo(0, -62.6, 20, -54.6);
  pen.stroke();
  drawParrot(pen, pose.timeMs);
}

function drawParrot(pen: Pen, timeMs: number): void {
  const nod = Math.sin(timeMs / 700) * 1.2;
  pen.fillStyle = "#3f9b54";
  ellipse(pen, -21, -47, 5.5, 8.5);
  pen.fillStyle = "#d4452f";
  ellipse(pen, -21, -57 + nod, 5, 5);
  pen.fillStyle = "#f0c04a";
  ellipse(pen, -26, -56 + nod, 3, 2);
  pen.fillStyle = "#15100c";
  ellipse(pen, -22.5, -58 + nod, 1, 1);
  pen.fillStyle = "#2c6fb0";
  ellipse(pen, -18.5, -44, 2.6, 7);
}

function drawGrix(pen: Pen, pose: Pose): void {
  pen.scale(0.9, 0.9);
  drawBoots(pen, pose, "#3a2a18");
  drawCloak(pen, "#6a5a2c", "#4a3f1e", 19, 32);
  pen.fillStyle = "#8d6f34";
  roundRect(pen, -15, -16, 30, 4, 2);
  pen.fillStyle = "#caa64a";
  ellipse(pen, 13, -9, 6.5, 7.5);
  pen.fillStyle = "#6d5c38";
  roundRect(pen, 10.5, -19, 5, 5, 2);
  for (const side of [-1, 1]) {
    pen.fillStyle = "#6f9a45";
    pen.beginPath();
    pen.moveTo(side * 9, -46);
    pen.quadraticCurveTo(side * 26, -56, side * 34, -52);
    pen.quadraticCurveTo(side * 24, -40, side * 9, -37);
    pen.fill();
    pen.fillStyle = "#b0747a";
    pen.beginPath();
    pen.moveTo(side * 12, -44);
    pen.quadraticCurveTo(side * 22, -50, side * 29, -50);
    pen.quadraticCurveTo(side * 21, -43, side * 12, -40);
    pen.fill();
  }
  drawHead(pen, -41, 13, "#82b053");
  pen.fillStyle = "#f6dd6a";
  ellipse(pen, -5, -43, 4, 4);
  ellipse(pen, 5, -43, 4, 4);
  pen.fillStyle = "#1a120b";
  ellipse(pen, -4, -43, 1.4, 2.8);
  ellipse(pen, 6, -43, 1.4, 2.8);
  pen.fillStyle = "#6f9a45";
  ellipse(pen, 1.5, -38, 3, 4);
  pen.strokeStyle = "#2c3f18";
  pen.lineWidth = 1.8;
  pen.beginPath();
  pen.arc(0, -37 + (pose.speaking ? Math.sin(pose.timeMs / 80) : 0), 7, 0.35, Math.PI - 0.35);
  pen.stroke();
  pen.fillStyle = "#fbf2dc";
  pen.fillRect(-4, -32, 2.4, 3.4);
  pen.fillRect(2.6, -32, 2.4, 3.4);
  pen.fillStyle = "#5c3a22";
  pen.beginPath();
  pen.moveTo(-14, -50);
  pen.quadraticCurveTo(0, -66, 14, -50);
  pen.quadraticCurveTo(0, -54, -14, -50);
  pen.fill();
}

function drawCloak(pen: Pen, light: string, dark: string, halfWidth: number, height: number): void {
  const cloth = pen.createLinearGradient(-halfWidth, 0, halfWidth, 0);
  cloth.addColorStop(0, dark);
  cloth.addColorStop(0.45, light);
  cloth.addColorStop(1, dark);
  pen.fillStyle = cloth;
  pen.beginPath();
  pen.moveTo(-halfWidth * 0.55, -height);
  pen.quadraticCurveTo(-halfWidth * 1.05, -height * 0.5, -halfWidth, -2);
  pen.quadraticCurveTo(0, 5, halfWidth, -2);
  pen.quadraticCurveTo(halfWidth * 1.05, -height * 0.5, halfWidth * 0.55, -height);
  pen.closePath();
  pen.fill();
}

function drawBoots(pen: Pen, pose: Pose, color: string): void {
  const swing = Math.sin(pose.timeMs / 95) * 4 * pose.stride;
  pen.fillStyle = color;
  ellipse(pen, -7, swing * 0.5, 6, 4);
  ellipse(pen, 7, -swing * 0.5, 6, 4);
}

function drawHead(pen: Pen, y: number, radius: number, skin: string): void {
  pen.fillStyle = skin;
  ellipse(pen, 0, y, radius, radius);
  pen.fillStyle = "rgb(60 20 0 / 0.14)";
  pen.beginPath();
  pen.arc(0, y, radius, 0.2, Math.PI - 0.2);
  pen.fill();
}

function drawEyes(pen: Pen, y: number): void {
  pen.fillStyle = "#20150e";
  ellipse(pen, -3.6, y, 1.6, 2.1);
  ellipse(pen, 4.8, y, 1.6, 2.1);
}

function drawMouth(pen: Pen, y: number, pose: Pose): void {
  if (pose.speaking) {
    pen.fillStyle = "#5c1f1a";
    ellipse(pen, 0.8, y, 2.8, 1 + Math.abs(Math.sin(pose.timeMs / 85)) * 2);
    return;
  }
  pen.strokeStyle = "#5c2f22";
  pen.lineWidth = 1.4;
  pen.beginPath();
  pen.arc(0.8, y - 2, 3.4, 0.5, Math.PI - 0.5);
  pen.stroke();
}
