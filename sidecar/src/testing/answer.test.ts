import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Answer, httpAnswer } from "./answer.ts";

const server = createServer();
afterEach(() => server.close());

/** The answer to a request whose socket the server can destroy. */
async function anAnswer(): Promise<{ answer: Answer; asked: IncomingMessage }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const arrived = new Promise<{ answer: Answer; asked: IncomingMessage }>((resolve) => {
    server.once("request", (asked, response) => resolve({ answer: httpAnswer(response), asked }));
  });
  const { port } = server.address() as AddressInfo;
  request({ port, host: "127.0.0.1" })
    .on("error", () => {})
    .end();
  return arrived;
}

test("what is written between a socket's end and its close does not wait for ever", async () => {
  const { answer, asked } = await anAnswer();
  asked.socket.destroy();
  expect(answer.gone.aborted).toBe(false);
  await answer.write(Buffer.from("to nobody"));
  expect(answer.gone.aborted).toBe(true);
  await answer.write(Buffer.from("to nobody, again"));
});
