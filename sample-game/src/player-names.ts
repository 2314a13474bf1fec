import { MAX_NAME_CODE_POINTS } from "./tavern.ts";

/** One capitalised word of letters each: small models repeat such names without garbling them. */
const NAMES = [
  "Bram",
  "Edda",
  "Fenn",
  "Greta",
  "Hale",
  "Ines",
  "Kira",
  "Lorn",
  "Mira",
  "Nova",
  "Odo",
  "Petra",
  "Runa",
  "Sten",
  "Theo",
  "Ulla",
  "Wren",
  "Yara",
] as const;

const LETTERS_ONLY = /^\p{L}[\p{L}\p{M}'’-]*$/u;

/**
 * A player's name as chosen, or undefined where it will not do: it stands in prompts and over
 * heads, so it is one word of letters.
 */
export function chosenName(wish: string): string | undefined {
  const name = wish.trim().normalize("NFC");
  const codePoints = Array.from(name);
  if (codePoints.length > MAX_NAME_CODE_POINTS || !LETTERS_ONLY.test(name)) return undefined;
  const [first = "", ...rest] = codePoints;
  return first.toLocaleUpperCase("en") + rest.join("");
}

/** A name for a player who chose none, if possible one that nobody bears. */
export function randomName(taken: ReadonlySet<string>, random: () => number = Math.random): string {
  const free = NAMES.filter((name) => !taken.has(name));
  const choices = free.length > 0 ? free : NAMES;
  return choices[Math.floor(random() * choices.length)] ?? NAMES[0];
}
