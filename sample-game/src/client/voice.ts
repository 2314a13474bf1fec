import { element } from "./element.ts";

const WARNING_SHOWN_MS = 3_500;
const HOW_TO = "Arrows, WASD or a tap walk. Stand near somebody and talk; Enter sends.";

/** The field to talk with, and the hint under it. */
export class Voice {
  readonly #form = element("say", HTMLFormElement);
  readonly #words = element("words", HTMLInputElement);
  readonly #hint = element("hint", HTMLElement);
  #warnedMs = Number.NEGATIVE_INFINITY;

  constructor(talk: (text: string) => void) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#words.value.trim();
      if (text === "") return;
      this.#words.value = "";
      talk(text);
    });
    this.#words.addEventListener("keydown", (event) => {
      if (event.key === "Escape") element("stage", HTMLElement).focus();
    });
    addEventListener("keydown", (event) => {
      const { target } = event;
      const isControl = target instanceof HTMLElement && target.matches("input, button");
      if (event.key !== "Enter" || isControl) return;
      event.preventDefault();
      this.#words.focus();
    });
    // On a touch screen focus would raise the keyboard over half of the tavern.
    if (matchMedia("(pointer: fine)").matches) this.#words.focus();
  }

  /** Says who would hear us. */
  listener(name: string | undefined): void {
    const placeholder = name === undefined ? "Say something" : `Say something to ${name}`;
    if (this.#words.placeholder !== placeholder) this.#words.placeholder = placeholder;
    if (performance.now() - this.#warnedMs < WARNING_SHOWN_MS) return;
    this.#hintText(name === undefined ? HOW_TO : `${name} is listening.`, "calm");
  }

  warn(text: string): void {
    this.#warnedMs = performance.now();
    this.#hintText(text, "warn");
  }

  #hintText(text: string, tone: "calm" | "warn"): void {
    this.#hint.dataset["tone"] = tone;
    if (this.#hint.textContent !== text) this.#hint.textContent = text;
  }
}
