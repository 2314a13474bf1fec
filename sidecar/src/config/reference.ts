import { fileKeyOf, flagOf, variableOf } from "./names.ts";
import { type Key, KEYS, settingOf } from "./settings.ts";

const INTRODUCTION = `# Configuration

<!-- Written by \`banterwire config reference\` from the table in sidecar/src/config/settings.ts. Change that, not this. -->

Every setting of \`banterwire serve\`. A flag wins over an environment variable, that over the configuration file, and that over the default. \`banterwire config print\` takes the same flags and shows each value and where it came from; what it prints is a configuration file.

## The configuration file

\`--config FILE\`, or \`BANTERWIRE_CONFIG\`, names a file in YAML or JSON: one flat map of the keys below. Its relative paths begin at its own folder, those of flags and variables at the working directory. An unknown key is an error. Where several values are allowed the file has a list; a flag is repeated, or its values are separated by commas, as they are in a variable. A variable that is set to nothing is not set.

\`\`\`yaml
ollama: http://127.0.0.1:11434
model: gemma3:1b
slots: 4
budgetMs: 250
cards: cards
\`\`\`

## Errors

A configuration with errors starts nothing: all of them are listed, each with its key, its value, where it came from and what is allowed, and the exit code is 2. The values of secrets are never shown.

In Kubernetes a Service that is named \`banterwire\` puts \`BANTERWIRE_PORT\` into its neighbours' environment, which is no port: set \`enableServiceLinks: false\`.

## Reload

The sidecar reads its file, its cards and its token again on SIGHUP, and when the configuration file or a card changes. It takes over all of it or, if anything is wrong, nothing, and its log says which. Below, each setting says when a changed value is in force: at once, for new connections (those that are open keep what they were told), or at the next start. Flags and variables stay as they were at the start.

A change of endpoints (\`ollama\`, \`ollamaHost\`, \`model\`, \`endpoints\`) keeps those that stay, and brings new ones up beside them, each of which is used once it is warm. One that is to go serves until one that stays, or a new one, can; it ends the lines that it has begun. If no new one comes up, the old ones go on serving.

## Several Ollamas

Several values of \`ollama\` share the work: a character stays with one of them, which has its prompt in its cache, and the others stand in. \`endpoints\` says more of each, in place of \`ollama\`:

\`\`\`yaml
slots: 2 # of each that does not say otherwise
endpoints:
  - url: http://127.0.0.1:11434
    model: gemma3:4b
    serves: [reply]
  - url: http://127.0.0.1:11435
    model: gemma3:1b
    serves: [nearby, ambient]
    slots: 4
  - url: https://gpu.example
    model: gemma3:4b
    characters: [mira]
    authorizationFile: gpu.authorization # its first line is the whole header, such as: Bearer abc
    caFile: ca.pem
\`\`\`

\`serves\` names the priorities and \`characters\` the characters that an endpoint is for; a character that is named is at home with those that name it. Others stand in only while none of those can be used. As a flag or a variable, \`endpoints\` is JSON.

\`resolve: all\` makes each address that the name in \`url\` stands for an endpoint of its own, as for a headless service of Kubernetes:

\`\`\`yaml
endpoints:
  - url: http://ollama.tavern.svc.cluster.local:11434
    resolve: all
    slots: 2 # of each address
\`\`\`

The name is looked up by the system's own means (\`/etc/hosts\`, then DNS), again 5 s after each answer; the system does not say for how long an answer holds, so a TTL has no effect. A new address joins at once; one that is missing from three answers in a row is let go as by a reload. An answer without any address, and a lookup that fails, change nothing. Of a name with IPv4 and IPv6 addresses those of IPv4 are taken, or each machine would be there twice. All endpoints together are at most 16: names share what the others leave, and the log says if that cuts one short. The Host header and the name in the certificate stay those of \`url\`. A name that stands for nothing yet is one endpoint that is down, until it does.

\`gpu\` names the GPU that an endpoint has to itself, such as \`gpu: 0\`. It changes nothing but a warning: two endpoints on one machine that both use GPU memory are likely to share a GPU, unless they have different ones here.

## Cards

A card is a file of JSON in the folder that \`cards\` names, at most 1,024 of them and 64 KiB each; other files there are ignored.

\`\`\`json
{
  "id": "mira",
  "name": "Mira",
  "persona": "You are Mira, who keeps the bar.",
  "fallbacks": ["One moment.", "Busy night, love."],
  "closers": ["But I talk too much."],
  "options": { "temperature": 0.9 }
}
\`\`\`

A room's character with the card's \`id\` has the card's persona and authored lines in place of its own; without \`closers\` it keeps its own of those. Its name stays the room's.

\`options\` are model options as Ollama spells them, sent with this character's lines alone: \`temperature\`, \`top_k\`, \`top_p\`, \`min_p\`, \`typical_p\`, \`seed\`, \`repeat_last_n\`, \`repeat_penalty\`, \`presence_penalty\`, \`frequency_penalty\`. The options that decide how a model is loaded (\`num_ctx\`, \`num_batch\`, \`num_gpu\`, \`main_gpu\`, \`num_thread\`, \`use_mmap\`) are the same for all characters: they are those that the model is loaded with. A card that says another value would have it loaded anew with each change of speaker, for seconds; it is refused: its character speaks its fallbacks, and the log says \`options_differ\`, which option, which value the model has, and what to do; \`banterwire_generation_failures_total{failure="options"}\` counts those lines.

## Settings
`;

/** The reference page, in Markdown. */
export function referencePage(): string {
  return `${INTRODUCTION}\n${KEYS.map(sectionOf).join("\n")}`;
}

/** The default in words, as `--help` has it too. */
export function defaultInWords(key: Key): string {
  const { default: value } = settingOf(key);
  if (value === undefined || typeof value === "object") return "none";
  return String(value);
}

function sectionOf(key: Key): string {
  const { kind, help, reload, isSecret } = settingOf(key);
  const flag = isSecret
    ? "no flag, because flags are seen by every user of the machine"
    : `flag \`${flagOf(key)} ${kind.placeholder}\``;
  const initial = defaultInWords(key);
  return [
    `### ${fileKeyOf(key)}`,
    "",
    `${help.charAt(0).toUpperCase()}${help.slice(1)}.`,
    "",
    `- ${flag}; variable \`${variableOf(key)}\``,
    `- allowed: ${kind.allowed}`,
    `- default: ${initial === "none" ? initial : `\`${initial}\``}`,
    `- a change is in force: ${reload === "new connections" ? "for new connections" : reload === "next start" ? "at the next start" : reload}`,
    "",
  ].join("\n");
}
