import { expect, test } from "vitest";
import { cleanSpeech, MAX_SAID_CODE_POINTS } from "./speech.ts";

test("words pass as they were said", () => {
  expect(cleanSpeech("  Où est l'âtre? 🔥 ")).toBe("Où est l'âtre? 🔥");
});

test("control characters and line breaks become a space", () => {
  expect(cleanSpeech("one\u0000\u001b[2J two\r\n\u2028three")).toBe("one [2J two three");
});

test("a long text is cut to so many code points, never inside of one", () => {
  const cut = cleanSpeech("🔥".repeat(MAX_SAID_CODE_POINTS + 1));
  expect(cut).toBe("🔥".repeat(MAX_SAID_CODE_POINTS));
});

test("half of a surrogate pair is replaced, so that the text can be sent as UTF-8", () => {
  expect(cleanSpeech("a\ud83d b")).toBe("a\ufffd b");
});

test.each([undefined, null, 42, {}, ["hi"], "", " \n\t"])("nothing is heard of %j", (said) => {
  expect(cleanSpeech(said)).toBe("");
});
