import { Packr, Unpackr } from "msgpackr";
import { expect, it } from "vitest";
import { decodeUp, encode } from "../codec.ts";
import { DOWN_SAMPLES } from "../spec/samples.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { memoryTransport } from "../testing/memory-transport.ts";
import { WELCOME } from "../testing/scripted-sidecar.ts";
import type { Up } from "../up.ts";
import { createClient } from "./client.ts";
import type { Transport } from "./transport.ts";

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

/** The same frame with fields after its last, as a newer minor version may have. */
function withNewFields(frame: Uint8Array): Buffer {
  return packr.pack([...(unpackr.unpack(frame) as unknown[]), "new", { of: [1.1] }]);
}

const OF_THE_FUTURE = packr.pack([72, 1, "what 1.1 added"]);

it("a client of 1.0 lives with a sidecar of 1.1: new fields, types and capabilities pass it by", () => {
  const clock = new FakeClock();
  const received: Up[] = [];
  let newer: Transport | undefined;
  const tell = (frame: Uint8Array): void => newer?.send(withNewFields(frame));
  const client = createClient({
    url: "memory:",
    clock,
    openTransport: memoryTransport({
      clock,
      accept: (transport) => {
        newer = transport;
        return {
          received(bytes) {
            const message = decodeUp(bytes);
            if (message.kind === "unknown") return;
            received.push(message);
            if (message.kind === "hello") {
              tell(encode({ ...WELCOME, minor: message.minor, capabilities: ["telepathy"] }));
              transport.send(OF_THE_FUTURE);
            }
          },
          lost() {},
        };
      },
    }),
  });
  const room = client.openRoom({ worldKey: "tavern" });
  room.register({ id: "mira", name: "Mira", persona: "Mira.", fallbacks: ["Hm."] });
  clock.advance(0);
  const line = room.say("mira", { event: "A bell rings." });
  for (const { value } of DOWN_SAMPLES) {
    if (value.kind === "lineBegin" && value.line === 1) tell(encode(value));
  }
  tell(encode({ kind: "delta", parts: [[1, 0, "Evening."]] }));
  tell(
    encode({
      kind: "lineEnd",
      line: 1,
      source: "model",
      reason: "complete",
      length: 8,
      displayMs: 1_500,
      spansUs: [0, 0, 0, 0, 0, 0, 0],
    }),
  );
  clock.advance(0);
  expect(client.state).toMatchObject({ name: "open" });
  expect(line.state).toMatchObject({ name: "ended", source: "model", length: 8 });
  expect(received.filter(({ kind }) => kind === "error")).toMatchObject([{ code: "unknown_type" }]);
});

it("a decoder of 1.0 takes what a client of 1.1 sends: new fields pass it by, new types are named", () => {
  const hello = encode({
    kind: "hello",
    minor: 1,
    capabilities: ["telepathy", "resume"],
    client: "1.1",
    session: null,
  });
  expect(decodeUp(withNewFields(hello))).toEqual(decodeUp(hello));
  expect(decodeUp(OF_THE_FUTURE)).toEqual({ kind: "unknown", type: 72 });
});
