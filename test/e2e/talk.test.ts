import { afterAll, beforeAll, expect, test } from "vitest";
import { startTavernTalk, type TavernTalk } from "./tavern-talk.ts";

let talk: TavernTalk;

beforeAll(async () => {
  talk = await startTavernTalk();
});

afterAll(async () => {
  await talk.close();
});

test("a player's words are answered by the model, and both players get the words it said", async () => {
  const [mine, theirs] = await talk.ask("Tell me a joke.");
  const chat = talk.tap.chats.at(-1);
  expect(mine.source).toBe("model");
  expect(mine.end?.reason).toBe("complete");
  expect(mine.text.length).toBeGreaterThan(0);
  expect(mine.text).toBe(chat?.pieces.join("").trimStart());
  expect(theirs.text).toBe(mine.text);
  expect(theirs.source).toBe("model");
});

test("two different sentences make two different prompts, each with the player's own words", async () => {
  await talk.ask("Where is the castle?");
  await talk.ask("Heard any rumors?");
  const [one, other] = talk.tap.chats.slice(-2);
  expect(one?.prompt).toContain("Where is the castle?");
  expect(other?.prompt).toContain("Heard any rumors?");
  expect(one?.prompt).not.toBe(other?.prompt);
});

test("the books are balanced once the lines have ended", async () => {
  const [line] = await talk.ask("Hello there.");
  expect(line.source).toBe("model");
  const books = async (): Promise<object> => {
    const { endpoints, lines, rooms, connections } = await talk.sidecar.status();
    const { inFlight, opens, closes } = endpoints[0];
    return { inFlight, open: opens - closes, lines, rooms, connections };
  };
  // The character's prompt may just be being warmed.
  const balanced = { inFlight: 0, open: 0, lines: 0, rooms: 1, connections: 1 };
  await expect.poll(books).toEqual(balanced);
});
