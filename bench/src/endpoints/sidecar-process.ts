/** A sidecar over several Ollamas: `sidecar-process.ts HEDGES SLOTS ORIGIN...`. */
import { createLog, DEFAULT_CONFIG, type Sidecar, startSidecar } from "@banterwire/sidecar";
import { answerParent } from "../support/child.ts";
import type { SidecarAnswer } from "./tavern.ts";

const [, , hedges = "true", slots = "1", ...ollama] = process.argv;

const starting: Promise<Sidecar> = startSidecar(
  { ...DEFAULT_CONFIG, port: 0, slots: Number(slots), ollama },
  createLog("silent"),
  undefined,
  { hedges: hedges === "true" },
);

answerParent(async (): Promise<SidecarAnswer> => {
  const sidecar = await starting;
  const { url } = sidecar;
  const { endpoints } = sidecar.status();
  return { url, warm: endpoints.filter(({ state }) => state === "warm").length };
});
