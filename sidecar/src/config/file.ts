import { dirname } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from "yaml";
import { keyOfFileKey, nearestFileKey } from "./names.ts";
import { type Problem, shownValue } from "./problem.ts";
import type { Given, Layer } from "./resolve.ts";
import { type Key, settingOf } from "./settings.ts";
import type { ValueSource } from "./source.ts";

export const MAX_CONFIG_FILE_BYTES = 262_144;

/** The layer of a YAML or JSON file: one flat map of settings. */
export function fileLayer(
  text: string,
  file: string,
): { readonly layer: Layer; readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const at = (offset: number): ValueSource => ({ from: "file", file, line: lineOf(offset) });
  const layer = new Map<Key, Given>();
  const problems: Problem[] = document.errors.map(({ message, pos }) => ({
    key: "config",
    source: at(pos[0]),
    why: firstLine(message),
  }));
  const root = document.contents;
  if (problems.length > 0 || root === null) return { layer, problems };
  if (!isMap<Node, Node | null>(root)) {
    const why = "settings are due, such as `port: 7433`";
    return { layer, problems: [{ key: "config", source: at(root.range[0]), why }] };
  }
  for (const { key: keyNode, value } of root.items) {
    const source = at(keyNode.range?.[0] ?? 0);
    const written = scalarText(keyNode) ?? "?";
    const key = keyOfFileKey(written);
    if (key === undefined) {
      problems.push({ key: shownValue([written], false), source, why: unknownKey(written) });
      continue;
    }
    const texts = textsOf(value, document);
    if (texts === "unset") continue;
    if (texts !== undefined) layer.set(key, { written: texts, source, folder: dirname(file) });
    else problems.push({ key: written, source, why: `${settingOf(key).kind.allowed} is due` });
  }
  return { layer, problems };
}

/** A node as the text or texts that were written; undefined if it is something else. */
function textsOf(node: Node | null, document: Document): string[] | "unset" | undefined {
  if (node === null) return "unset";
  const target = isAlias(node) ? node.resolve(document) : node;
  if (!target) return undefined;
  if (isScalar(target) && target.value === null) return "unset";
  if (!isSeq<Node>(target)) {
    const text = scalarText(target);
    return text === undefined ? undefined : [text];
  }
  const texts = target.items.map((item) => scalarText(item) ?? mapText(item, document));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

/** As it was written, so that `0123` and `1e3` are what they look like. */
function scalarText(node: Node): string | undefined {
  return isScalar(node) ? (node.source ?? String(node.value)) : undefined;
}

/** A map in a list, as JSON. */
function mapText(node: Node, document: Document): string | undefined {
  const target = isAlias(node) ? node.resolve(document) : node;
  try {
    return isMap(target) ? JSON.stringify(target.toJS(document)) : undefined;
  } catch {
    // It refers to what is not there, or to more than anybody wrote.
    return undefined;
  }
}

function unknownKey(written: string): string {
  const meant = nearestFileKey(written);
  const hint = meant === undefined ? "" : `; the nearest is '${meant}'`;
  return `no setting has this name${hint}`;
}

function firstLine(message: string): string {
  return message.split("\n")[0] ?? message;
}
