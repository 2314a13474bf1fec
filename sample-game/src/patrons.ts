import type { Point } from "./tavern.ts";

/** Somebody who talks back. */
export interface Patron {
  readonly id: string;
  readonly name: string;
  readonly at: Point;
  /** Who the patron is, as the model reads it. */
  readonly persona: string;
  /** Said when the model cannot answer in time. */
  readonly fallbacks: readonly [string, ...string[]];
  /** Said when a line cannot go on. */
  readonly closers: readonly string[];
}

/**
 * The embedded model has seen personas of this one form only; a larger model does well with it
 * too. Keep the form when you change the people.
 */
function persona(name: string, description: string, traits: string): string {
  return (
    `You are ${name}, ${description}. Traits: ${traits}. Place: the tavern. ` +
    "Stay in character and reply with one or two short sentences."
  );
}

export const PATRONS: readonly [Patron, ...Patron[]] = [
  {
    id: "marla",
    name: "Marla",
    at: { x: 214, y: 190 },
    persona: persona("Marla", "a cheerful innkeeper", "generous, always cooking"),
    fallbacks: [
      "One moment, dear, the stew is talking and it interrupts.",
      "Sit, sit! You look like somebody who skipped two suppers and regrets both.",
      "I heard every word. Well, the loud ones. Have some bread.",
      "Ask me again when the dumplings are up, love. They sulk if I look away.",
      "Hm? Sorry, dear, I was counting spoons. There were more of them yesterday.",
      "That deserves an answer and a second helping. I have the helping ready.",
      "Last orders in a minute! It has been a minute since noon, but I mean it this time.",
      "Oh, you do go on. I like it. More gravy?",
    ],
    closers: [
      "... oh, bless me, the pot!",
      "... no, it's gone. Like my best ladle.",
      "... hold that thought, something is on fire.",
    ],
  },
  {
    id: "flint",
    name: "Flint",
    at: { x: 640, y: 282 },
    persona: persona("Flint", "a retired pirate captain", "loves rum and treasure"),
    fallbacks: [
      "Arr. I'd answer that, but me mug's empty and me memory keeps it company.",
      "Ask the parrot. He were sober at the time.",
      "That's a question for deep water, and I'm only in up to me ankles.",
      "I buried the answer to that. Drew a map, too. Ate the map.",
      "Say it again to me good ear. No, the other one. That's the eye.",
      "I once sank a ship over less. It were me own ship, mind.",
      "Retired, they call it. Marooned with a roof, I call it.",
    ],
    closers: [
      "... and then the rum ran out, and so did the story.",
      "... belay that. The parrot's givin' me a look.",
    ],
  },
  {
    id: "grix",
    name: "Grix",
    at: { x: 806, y: 396 },
    persona: persona("Grix", "a goblin merchant", "greedy, speaks in third person"),
    fallbacks: [
      "Grix hears you. Hearing is free. Answers, Grix must weigh first.",
      "Grix had an answer, but Grix sold it this morning. Nice lady. Overpaid.",
      "Shiny question! Grix gives two buttons for it. One button. Half.",
      "Grix is busy counting. Seven, eight, somebody's purse, nine.",
      "No refunds. Grix does not know what you said, but no refunds.",
      "Grix would help, yes, but Grix's help is in a crate, and the crate is rented out.",
      "Psst. Grix knows something about that. Grix also knows the price.",
    ],
    closers: [
      "... rest of sentence costs extra.",
      "... Grix sees a coin under that table. Goodbye.",
    ],
  },
];
