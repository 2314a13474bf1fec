import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type Card,
  type Cards,
  MAX_CARD_FILE_BYTES,
  MAX_CARDS,
  parseCard,
} from "../config/card.ts";
import { readBoundedFile, UnreadableError, unreadable } from "./bounded-file.ts";

export interface CardsRead {
  readonly cards: Cards;
  /** Each with its file and field. */
  readonly wrong: readonly string[];
}

/** Reads the cards of a folder, in the order of their files' names. */
export async function readCards(folder: string): Promise<CardsRead> {
  const cards = new Map<string, Card>();
  let files: readonly string[];
  try {
    files = (await readdir(folder)).filter((name) => /^[^.].*\.json$/u.test(name)).sort();
  } catch (error) {
    return { cards, wrong: [`the folder cannot be read: ${unreadable(error).message}`] };
  }
  if (files.length > MAX_CARDS) return { cards, wrong: [`at most ${MAX_CARDS} cards are due`] };
  const wrong: string[] = [];
  const fileOf = new Map<string, string>();
  for (const file of files) {
    const read = await readCard(join(folder, file));
    if ("wrong" in read) {
      wrong.push(...read.wrong.map((why) => `${file}: ${why}`));
      continue;
    }
    const { card } = read;
    const other = fileOf.get(card.id);
    if (other !== undefined) wrong.push(`${file}: id: '${card.id}' is the id of ${other} too`);
    fileOf.set(card.id, file);
    cards.set(card.id, card);
  }
  return { cards, wrong };
}

async function readCard(path: string): Promise<ReturnType<typeof parseCard>> {
  try {
    return parseCard((await readBoundedFile(path, MAX_CARD_FILE_BYTES)).text);
  } catch (error) {
    if (error instanceof UnreadableError) return { wrong: [error.message] };
    throw error;
  }
}
