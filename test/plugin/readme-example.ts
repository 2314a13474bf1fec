import { BanterPlugin, type Character } from "@banterwire/colyseus";
import { type Client, definePlugins, Room } from "@colyseus/core";

const mira: Character = {
  id: "mira",
  name: "Mira",
  persona: "Mira keeps the bar of the Anchor. She is dry and kind, and answers in one sentence.",
  fallbacks: ["Hm? Say that again.", "Busy night. Ask me later."],
};

export class Tavern extends Room {
  override plugins = definePlugins([new BanterPlugin({ characters: [mira] })]);

  override onCreate() {
    this.onMessage("chat", (client: Client, text: unknown) => {
      this.plugins.npcs.hear(client, text);
    });
  }
}
