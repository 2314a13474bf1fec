import { readFileSync } from "node:fs";

/** The words of a doc comment, in one line. */
const COMMENT = String.raw`/\*\*((?:(?!\*/)[^])*)\*/`;

function plain(comment: string): string {
  return comment
    .replaceAll(/^\s*\*? ?/gm, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}

/** What the source of a message says of it and of its fields: the words of SPEC.md. */
export interface MessageComments {
  readonly about: string;
  readonly fields: ReadonlyMap<string, string>;
}

export function messageComments(kind: string): MessageComments {
  const source = read(pathOf(kind));
  const about = new RegExp(`${COMMENT}\\nexport const ${kind} =`).exec(source)?.[1];
  if (about === undefined) throw new Error(`the source of ${kind} says nothing of it`);
  return { about: plain(about), fields: entryComments(sourceOfFields(source)) };
}

/** A message that has the fields of another one has that one's words for them. */
function sourceOfFields(source: string): string {
  const other = /message\(\d+, "\w+", (\w+)\.fields\)/.exec(source)?.[1];
  return other === undefined ? source : read(pathOf(other));
}

function pathOf(kind: string): string {
  return `../messages/${kind.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`;
}

/** What limits.ts says of each limit. */
export function limitComments(): ReadonlyMap<string, string> {
  return entryComments(read("../limits.ts"));
}

function entryComments(source: string): ReadonlyMap<string, string> {
  const entries = source.matchAll(new RegExp(`${COMMENT}\\n\\s+(\\w+)(?::|,)`, "g"));
  return new Map(entries.map(([, comment = "", name = ""]) => [name, plain(comment)]));
}
