/** One turn of a chat, as Ollama's API spells it. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}
