import type { Command } from "commander";
import { fileKeyOf, flagOf, variableOf } from "../config/names.ts";
import { defaultInWords } from "../config/reference.ts";
import { KEYS, settingOf } from "../config/settings.ts";

/** What was written after each flag, by the setting's key in files; and the file itself. */
export interface Flags {
  readonly config?: string;
  readonly settings: Readonly<Record<string, readonly string[] | undefined>>;
}

/** Gives a command a flag for the configuration file and for each setting. */
export function addFlags(command: Command): Command {
  command.option("--config <FILE>", "configuration file, YAML or JSON (BANTERWIRE_CONFIG)");
  for (const key of KEYS) {
    const flag = flagOf(key);
    if (flag === undefined) continue;
    const { kind, help } = settingOf(key);
    const about = `${help} (default: ${defaultInWords(key)}; ${variableOf(key)})`;
    command.option(`${flag} <${kind.placeholder}>`, about, gather);
  }
  return command;
}

/** Reads what commander has made of the flags above. */
export function flagsOf(options: Readonly<Record<string, unknown>>): Flags {
  const { config } = options;
  const settings: Record<string, readonly string[]> = {};
  for (const key of KEYS) {
    const written = options[fileKeyOf(key)];
    if (Array.isArray(written)) settings[fileKeyOf(key)] = written.map(String);
  }
  return typeof config === "string" ? { config, settings } : { settings };
}

function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
