import type { Law } from "../import-law.ts";
import type { Breach } from "./check.ts";

const SOURCES = "sidecar/src/";

/** Whether one source file of the sidecar may import another one of it; both as paths from the root. */
export function sidecarBreach(file: string, target: string, law: Law): Breach | undefined {
  const from = layerOf(file);
  const to = layerOf(target);
  if (from === to) return undefined;
  const { sidecarRows: rows, sidecarLeaves: leaves, sidecarReserved, pure } = law;
  const order = `${rows.map((row) => row.join(" | ")).join(" -> ")}; leaves: ${leaves.join(", ")}`;

  const homeless = [from, to].find((layer) => !isKnown(layer, law));
  if (homeless !== undefined) {
    return {
      rule: `everything in sidecar/src belongs to a layer (${order}), and ${homeless} is none`,
      remedy: "move it into a layer, or give it a place in the table of tools/import-law.ts",
    };
  }
  if (pure.layers.includes(from) && !pure.layers.includes(to)) {
    return {
      rule: `${from} is pure, so that the simulator runs the same modules; ${to} is not`,
      remedy: "have the value handed in by the caller",
    };
  }
  const reserved = sidecarReserved.find(({ layer }) => layer === to);
  if (reserved !== undefined && !reserved.importedBy.includes(from)) {
    const { importedBy, why, remedy } = reserved;
    return { rule: `${to} is for ${importedBy.join(" and ")} alone: ${why}`, remedy };
  }
  const narrow = law.sidecarNarrow;
  if (from === narrow.layer && !narrow.mayImport.includes(to) && !leaves.includes(to)) {
    return {
      rule: `${from} may import ${narrow.mayImport.join(", ")} and leaves alone: ${narrow.why}`,
      remedy: narrow.remedy,
    };
  }
  const { blind, interface: engine } = law.sidecarEngine;
  if (to === "upstream" && blind.includes(from) && target !== SOURCES + engine) {
    return {
      rule: `${from} knows the engine only by its interface, ${engine}; server.ts alone knows which one is in use`,
      remedy: `put what it needs into ${engine} and have server.ts hand in the implementation`,
    };
  }
  if (leaves.includes(to)) return undefined;
  if (rankOf(from, law) < rankOf(to, law)) return undefined;
  return {
    rule: `the sidecar's layers import downwards only: ${order}; ${from} may not import ${to}`,
    remedy: `have ${to} hand it in, by a function or an interface that ${from} declares`,
  };
}

/** `sidecar/src/line/deadline.ts` and `sidecar/src/line.ts` are both of the layer `line`. */
function layerOf(path: string): string {
  return (path.slice(SOURCES.length).split("/")[0] ?? "").replace(/\.ts$/, "");
}

function isKnown(layer: string, law: Law): boolean {
  return law.sidecarLeaves.includes(layer) || law.sidecarRows.some((row) => row.includes(layer));
}

/** From 0, the top; leaves stand below every row. */
function rankOf(layer: string, { sidecarRows, sidecarLeaves }: Law): number {
  if (sidecarLeaves.includes(layer)) return sidecarRows.length;
  return sidecarRows.findIndex((layers) => layers.includes(layer));
}
