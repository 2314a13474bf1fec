import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "@banterwire/protocol/testing";
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { Pages } from "./pages.ts";
import { Turns } from "./turns.ts";

let asked: string[];
let pages: Pages;

beforeEach(() => {
  asked = [];
  const clock = new FakeClock();
  pages = new Pages(
    {
      log: pino({ level: "silent" }),
      page(path) {
        asked.push(path);
        return Promise.resolve({ status: 200, contentType: "text/plain", body: path });
      },
    },
    new Turns({ clock, share: 1, maxCreditMs: 1, hasOpenLines: () => false }),
  );
});

function ask(path: string, socket = new Socket()): ServerResponse {
  const request = new IncomingMessage(socket);
  Object.assign(request, { method: "GET", url: path });
  const response = new ServerResponse(request);
  pages.answer(request, response);
  return response;
}

test("one page is answered in a turn of the loop, the others in later ones", async () => {
  for (const path of ["/1", "/2", "/3"]) ask(path);
  expect(asked).toEqual([]);
  await nextTurn();
  expect(asked).toEqual(["/1"]);
  await nextTurn();
  await nextTurn();
  expect(asked).toEqual(["/1", "/2", "/3"]);
});

test("those of sockets that have gone are not made, and take nobody's turn", async () => {
  for (let index = 0; index < 9; index++) {
    const socket = new Socket();
    ask("/gone", socket);
    socket.destroy();
  }
  ask("/last");
  await nextTurn();
  expect(asked).toEqual(["/last"]);
});

test("a socket that asks for the next page before it has this one is dropped", async () => {
  const socket = new Socket();
  ask("/one", socket);
  ask("/two", socket);
  expect(socket.destroyed).toBe(true);
  await nextTurn();
  expect(asked).toEqual([]);
});

test("a socket that has its page may ask for the next", async () => {
  const socket = new Socket();
  const response = ask("/one", socket);
  await nextTurn();
  response.emit("close");
  ask("/two", socket);
  await nextTurn();
  expect(socket.destroyed).toBe(false);
  expect(asked).toEqual(["/one", "/two"]);
});
