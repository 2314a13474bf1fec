/** Entries kept; the oldest goes first. */
const MAX_ENTRIES = 120;

export interface ToldEntry {
  readonly kind: "patron" | "player" | "news";
  readonly name?: string;
  readonly text: string;
  readonly source?: string;
}

/** The list of what was said, which screen readers read out as it grows. */
export class Told {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  add({ kind, name, text, source }: ToldEntry): void {
    const atEnd = this.#list.scrollTop + this.#list.clientHeight > this.#list.scrollHeight - 40;
    const item = document.createElement("li");
    item.dataset["kind"] = kind;
    if (source !== undefined) item.dataset["source"] = source;
    if (name !== undefined) {
      const who = document.createElement("b");
      who.textContent = name;
      item.append(who, " ");
    }
    const words = document.createElement("span");
    words.textContent = text;
    item.append(words);
    this.#list.append(item);
    while (this.#list.childElementCount > MAX_ENTRIES) this.#list.firstElementChild?.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }
}
