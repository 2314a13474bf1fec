import type { Point } from "../tavern.ts";
import { layOutBubbles } from "./bubble-layout.ts";
import { type Size, toStage } from "./camera.ts";
import type { Scene } from "./scene.ts";

/** What somebody says. */
export interface Speech {
  readonly kind: "patron" | "player";
  readonly name: string;
  readonly text: string;
  readonly source: string;
}

/** `open` while words still come; then it stays for its reading time, and fades. */
type Phase =
  | { readonly name: "open" }
  | { readonly name: "read"; readonly untilMs: number }
  | { readonly name: "fading"; readonly untilMs: number };

interface Bubble {
  readonly box: HTMLElement;
  readonly words: HTMLElement;
  phase: Phase;
  /** Measured when the text changes only: asking the browser costs a layout. */
  size: Size | undefined;
}

const FADE_MS = 350;
const TAIL_HEIGHT = 8;
/** Heads farther outside the stage than this are out of the picture, pixels. */
const FAR_MARGIN = 30;

/** The speech bubbles over the canvas, one for each speaker. */
export class Bubbles {
  readonly #host: HTMLElement;
  /** By speaker, the latest to speak last. */
  readonly #bubbles = new Map<string, Bubble>();

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** Who speaks right now. */
  get speaking(): ReadonlySet<string> {
    const open = [...this.#bubbles].filter(([, { phase }]) => phase.name === "open");
    return new Set(open.map(([speaker]) => speaker));
  }

  /** Whether one has another size than when they were placed. */
  get haveGrown(): boolean {
    return [...this.#bubbles.values()].some(({ size }) => size === undefined);
  }

  /** Opens or refills the bubble of a speaker. */
  show(speaker: string, speech: Speech): void {
    const bubble = this.#bubbles.get(speaker) ?? this.#make(speaker, speech);
    const { dataset } = bubble.box;
    dataset["source"] = speech.source;
    dataset["open"] = "true";
    dataset["fading"] = "false";
    bubble.words.textContent = speech.text;
    bubble.phase = { name: "open" };
    bubble.size = undefined;
    this.#bubbles.delete(speaker);
    this.#bubbles.set(speaker, bubble);
  }

  /** All has been said: the bubble stays for so long. */
  finish(speaker: string, displayMs: number): void {
    const bubble = this.#bubbles.get(speaker);
    if (!bubble) return;
    bubble.box.dataset["open"] = "false";
    bubble.size = undefined;
    bubble.phase = { name: "read", untilMs: performance.now() + displayMs };
  }

  clear(): void {
    for (const { box } of this.#bubbles.values()) box.remove();
    this.#bubbles.clear();
  }

  /** Moves the bubbles over their speakers, and takes away what has been read. */
  place(scene: Scene, nowMs: number): void {
    const shown: { readonly bubble: Bubble; readonly x: number; readonly y: number }[] = [];
    for (const [speaker, bubble] of [...this.#bubbles].toReversed()) {
      const head = scene.headOf(speaker);
      if (!head || this.#isOver(bubble, nowMs)) {
        bubble.box.remove();
        this.#bubbles.delete(speaker);
        continue;
      }
      const at = toStage(scene.camera, head);
      setFar(bubble, !isNear(at, scene.stage));
      shown.push({ bubble, ...at });
    }
    const hanging = shown.map(({ bubble, x, y }) => ({
      x,
      y: y - TAIL_HEIGHT,
      ...measured(bubble),
    }));
    const places = layOutBubbles(hanging, scene.stage, scene.faces());
    for (const [index, { bubble }] of shown.entries()) {
      const place = places[index];
      if (!place) continue;
      const { style } = bubble.box;
      style.transform = `translate(${Math.round(place.left)}px, ${Math.round(place.top)}px)`;
      bubble.box.dataset["placed"] = "true";
      style.setProperty("--tail", `${Math.round(place.tail)}px`);
    }
  }

  #make(speaker: string, { kind, name }: Speech): Bubble {
    const box = document.createElement("div");
    box.className = "bubble";
    box.dataset["kind"] = kind;
    box.dataset["speaker"] = speaker;
    box.dataset["testid"] = `bubble-${kind === "patron" ? speaker : "player"}`;
    const title = document.createElement("b");
    title.textContent = name;
    const words = document.createElement("span");
    box.append(title, words);
    this.#host.append(box);
    return { box, words, phase: { name: "open" }, size: undefined };
  }

  #isOver(bubble: Bubble, nowMs: number): boolean {
    const { phase } = bubble;
    if (phase.name === "open" || nowMs < phase.untilMs) return false;
    if (phase.name === "fading") return true;
    bubble.box.dataset["fading"] = "true";
    bubble.phase = { name: "fading", untilMs: nowMs + FADE_MS };
    return false;
  }
}

/** A speaker out of the picture does not get to cover it: the bubble says no more than who talks. */
function setFar(bubble: Bubble, isFar: boolean): void {
  const { dataset } = bubble.box;
  if (dataset["far"] === String(isFar)) return;
  dataset["far"] = String(isFar);
  bubble.size = undefined;
}

function isNear({ x, y }: Point, { width, height }: Size): boolean {
  return x > -FAR_MARGIN && y > -FAR_MARGIN && x < width + FAR_MARGIN && y < height + FAR_MARGIN;
}

function measured(bubble: Bubble): Size {
  bubble.size ??= { width: bubble.box.offsetWidth, height: bubble.box.offsetHeight };
  return bubble.size;
}
