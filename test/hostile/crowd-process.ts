/** A game in a process of its own, to be killed: `crowd-process.ts URL`. Asks what it is told to. */
import { startCrowd } from "./crowd.ts";

export interface CrowdOrder {
  readonly count: number;
  readonly event: string;
  readonly ttftBudgetMs: number;
}

const [, , url = ""] = process.argv;
const crowd = await startCrowd(url);

process.on("message", ({ count, event, ttftBudgetMs }: CrowdOrder) => {
  for (const { line } of crowd.ask(count, event, ttftBudgetMs)) {
    void line.ended.then(({ source, reason }) => process.send?.({ source, reason }));
  }
});
process.send?.("ready");
