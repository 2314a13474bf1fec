/**
 * How an endpoint's model wants to be spoken to. The embedded model was trained on bare personas;
 * a general chat model needs to be told what a line is.
 */
export type PromptStyle = "bare" | "instructed";

/** One turn of a chat, as Ollama's API spells it. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}
