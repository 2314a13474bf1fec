import { expect, test } from "vitest";
import { parseOllamaHost } from "./ollama-host.ts";

test.each([
  ["", "http://127.0.0.1:11434"],
  ["0.0.0.0", "http://127.0.0.1:11434"],
  ["0.0.0.0:5000", "http://127.0.0.1:5000"],
  ["localhost", "http://127.0.0.1:11434"],
  [":5000", "http://127.0.0.1:5000"],
  ["10.1.2.3", "http://10.1.2.3:11434"],
  ["http://10.1.2.3", "http://10.1.2.3:80"],
  ["https://ollama.example.com", "https://ollama.example.com:443"],
  ["https://ollama.example.com:443/", "https://ollama.example.com:443"],
  ["http://127.0.0.1:11434/", "http://127.0.0.1:11434"],
  ["::1", "http://[::1]:11434"],
  ["[::1]:5000", "http://[::1]:5000"],
  ["[::]", "http://[::1]:11434"],
  ['"127.0.0.1:5000"', "http://127.0.0.1:5000"],
  [" 127.0.0.1 ", "http://127.0.0.1:11434"],
])("OLLAMA_HOST=%s means %s", (text, origin) => {
  expect(parseOllamaHost(text)).toEqual({ value: origin });
});

test.each([
  ["127.0.0.1:99999", "an address such as"],
  ["http://", "an address such as"],
  ["a b", "an address such as"],
  ["ftp://gpu.example", "http:// or https://"],
  ["https://user:pass@gpu.example", "authorizationFile"],
  ["user:pass@gpu.example:80", "authorizationFile"],
  ["https://gpu.example/ollama/", "a path"],
  ["gpu.example/ollama", "a path"],
  ["https://gpu.example?key=abc", "a query"],
  ["https://gpu.example/#top", "a query"],
])("OLLAMA_HOST=%s is refused with what to do, not rewritten", (text, why) => {
  const parsed = parseOllamaHost(text);
  expect(parsed).toEqual({ wrong: expect.stringContaining(why) });
  expect(JSON.stringify(parsed)).not.toContain("pass@");
});
