import { element } from "./element.ts";

/** What the meter shows of the room's service. */
export interface Service {
  readonly model: string;
  readonly kind: string;
  readonly state: string;
  readonly cues: number;
  readonly modelHits: number;
  readonly anyHits: number;
}

/** One answered cue. */
export interface MeterLine {
  readonly name: string;
  readonly source: string;
  readonly reason: string;
  /** From the cue to the first text at the game server. */
  readonly ttftMs: number | undefined;
}

const MAX_LINES = 5;

const SERVICE_WORDS: Readonly<Record<string, string>> = {
  starting: "looking for a model · authored lines meanwhile",
  loading: "loading · authored lines meanwhile",
  checking: "late or failed · authored lines until it answers",
  down: "no model · authored lines serve",
  unreachable: "no sidecar · authored lines serve",
};

const KIND_WORDS: Readonly<Record<string, string>> = {
  ollama: "Ollama",
  embedded: "embedded",
};

/** The head-up display: who answers, how fast, and how often in time. */
export class Meter {
  readonly #serving = element("serving", HTMLElement);
  readonly #dot = element("serving-dot", HTMLElement);
  readonly #modelRate = element("model-rate", HTMLElement);
  readonly #anyRate = element("any-rate", HTMLElement);
  readonly #ownTrip = element("own-trip", HTMLElement);
  readonly #ping = element("ping", HTMLElement);
  readonly #lines = element("lines", HTMLElement);

  service({ model, kind, state, cues, modelHits, anyHits }: Service): void {
    this.#dot.dataset["state"] = state;
    const warm = `${KIND_WORDS[kind] ?? kind} · warm`;
    setText(this.#serving, [model, SERVICE_WORDS[state] ?? warm].filter(Boolean).join(" · "));
    setRate(this.#modelRate, modelHits, cues);
    setRate(this.#anyRate, anyHits, cues);
  }

  ownTrip(elapsedMs: number): void {
    setText(this.#ownTrip, milliseconds(elapsedMs));
  }

  ping(roundTripMs: number): void {
    setText(this.#ping, milliseconds(roundTripMs));
  }

  /** Adds a line on top. */
  line({ name, source, reason, ttftMs }: MeterLine): void {
    const row = document.createElement("tr");
    row.dataset["source"] = source;
    row.dataset["testid"] = "meter-line";
    row.title = `source ${source}, ended as ${reason}`;
    const badge = document.createElement("span");
    badge.className = "badge";
    badge.textContent = source;
    const cells = [name, badge, ttftMs === undefined ? "–" : milliseconds(ttftMs)];
    for (const content of cells) {
      const cell = document.createElement("td");
      cell.append(content);
      row.append(cell);
    }
    this.#lines.prepend(row);
    while (this.#lines.childElementCount > MAX_LINES) this.#lines.lastElementChild?.remove();
  }
}

function setRate(place: HTMLElement, hits: number, cues: number): void {
  if (cues === 0) return setText(place, "–");
  const shown = `${Math.round((hits / cues) * 100)} % `;
  const count = `${hits}/${cues}`;
  if (place.textContent === shown + count) return;
  const small = document.createElement("small");
  small.textContent = count;
  place.replaceChildren(shown, small);
}

function milliseconds(value: number): string {
  return `${Math.max(1, Math.round(value))} ms`;
}

/** Writes only what changed: the meter is refreshed with every frame. */
function setText(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}
