import { type GgufFileInfo, GgufFileType } from "node-llama-cpp";
import type { ModelFile } from "./model-file.ts";
import { DEFAULT_OPTIONS } from "./requests.ts";

/** What `/api/tags`, `/api/ps` and `/api/show` tell about the model besides its name and file. */
export interface ModelFacts {
  readonly details: {
    readonly parent_model: string;
    readonly format: "gguf";
    readonly family: string;
    readonly families: readonly string[];
    readonly parameter_size: string;
    readonly quantization_level: string;
  };
  readonly modelInfo: Readonly<Record<string, string | number | boolean>>;
  readonly license: string;
}

export function modelFactsOf(info: GgufFileInfo): ModelFacts {
  const modelInfo = flatten(info.metadata);
  const parameters = parameterCount(info);
  modelInfo["general.parameter_count"] = parameters;
  const family = String(modelInfo["general.architecture"] ?? "unknown");
  const fileType = info.metadata.general.file_type;
  return {
    details: {
      parent_model: "",
      format: "gguf",
      family,
      families: [family],
      parameter_size: humanCount(parameters),
      quantization_level:
        fileType === undefined
          ? "unknown"
          : (GgufFileType[fileType]?.replace(/^(?:ALL|MOSTLY)_/, "") ?? "unknown"),
    },
    modelInfo,
    license: String(modelInfo["general.license"] ?? ""),
  };
}

export function showReply(file: ModelFile, facts: ModelFacts): object {
  const parameters = Object.entries(DEFAULT_OPTIONS).map(([name, value]) => `${name} ${value}`);
  return {
    license: facts.license,
    modelfile: `FROM ${file.name}\n${parameters.map((line) => `PARAMETER ${line}`).join("\n")}\n`,
    parameters: parameters.join("\n"),
    template:
      "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n",
    details: facts.details,
    model_info: facts.modelInfo,
    capabilities: ["completion"],
    modified_at: file.modifiedAt.toISOString(),
  };
}

/** Dotted keys, as Ollama shows them; arrays (the vocabulary) are left out, as Ollama does unless asked. */
function flatten(
  metadata: object,
  prefix = "",
  into: Record<string, string | number | boolean> = {},
): Record<string, string | number | boolean> {
  for (const [name, value] of Object.entries(metadata) as [string, unknown][]) {
    const key = `${prefix}${name}`;
    if (typeof value === "bigint") into[key] = Number(value);
    else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      into[key] = value;
    else if (typeof value === "object" && value !== null && !Array.isArray(value))
      flatten(value, `${key}.`, into);
  }
  return into;
}

function parameterCount(info: GgufFileInfo): number {
  let count = 0;
  for (const tensor of info.tensorInfo ?? [])
    count += tensor.dimensions.reduce<number>((product, size) => product * Number(size), 1);
  return count;
}

const SCALES = [
  { from: 1e9, suffix: "B" },
  { from: 1e6, suffix: "M" },
  { from: 1e3, suffix: "K" },
] as const;

function humanCount(count: number): string {
  const scale = SCALES.find(({ from }) => count >= from);
  return scale ? `${Number((count / scale.from).toPrecision(3))}${scale.suffix}` : String(count);
}
