import { describe, expect, it } from "vitest";
import { connectClient } from "../testing/connected-client.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { begin, text } from "../testing/line-messages.ts";
import { ScriptedSidecar } from "../testing/scripted-sidecar.ts";
import { createClient } from "./client.ts";

const NOWHERE = { send() {}, close() {}, abort() {}, bufferedBytes: 0 };

describe("the client's connection", () => {
  it("is open once the sidecar has welcomed it, and has said who it is before anything else", () => {
    const { client, sidecar } = connectClient({}, { clientName: "game 2.1" });
    expect(client.state.name).toBe("open");
    expect(sidecar.received[0]).toEqual({
      kind: "hello",
      minor: 0,
      capabilities: ["resume"],
      client: "game 2.1",
      session: null,
    });
  });

  it("registers its rooms and characters again after each reconnect", () => {
    const { clock, client, sidecar } = connectClient();
    const kinds = ["hello", "roomOpen", "characterRegister", "characterRegister"];
    expect(sidecar.received.map((one) => one.kind)).toEqual(kinds);
    sidecar.drop();
    clock.advance(0);
    expect(client.state.name).toBe("waiting");
    clock.advance(1_000);
    expect(client.state.name).toBe("open");
    expect(sidecar.received.map((one) => one.kind)).toEqual([...kinds, ...kinds]);
  });

  it("backs off from a sidecar that stays away, up to a second, and tells of it once", () => {
    const { clock, sidecar, troubles } = connectClient();
    sidecar.isUp = false;
    sidecar.drop();
    clock.advance(10_000);
    const gapsMs = sidecar.attemptsMs.slice(1).map((at, i) => at - (sidecar.attemptsMs[i] ?? 0));
    expect(gapsMs.slice(0, 7)).toEqual([37.5, 75, 150, 300, 600, 750, 750]);
    expect(troubles).toEqual(["the connection to the sidecar was lost: aborted", "aborted"]);
  });

  it("starts its back-off anew once it was welcomed", () => {
    const { clock, sidecar, client } = connectClient();
    sidecar.isUp = false;
    sidecar.drop();
    clock.advance(5_000);
    sidecar.isUp = true;
    clock.advance(1_000);
    expect(client.state.name).toBe("open");
    const before = sidecar.attemptsMs.length;
    const droppedMs = clock.nowMs();
    sidecar.drop();
    clock.advance(40);
    expect(sidecar.attemptsMs[before]).toBe(droppedMs + 37.5);
  });

  it("gives up on a sidecar that does not welcome it within five seconds", () => {
    const clock = new FakeClock();
    const sidecar = new ScriptedSidecar({ clock, welcomes: false });
    const client = createClient({ url: "memory:", clock, openTransport: sidecar.openTransport });
    clock.advance(4_999);
    expect(client.state.name).toBe("greeting");
    clock.advance(1);
    expect(client.state).toMatchObject({
      name: "waiting",
      why: "the sidecar did not welcome us in time",
    });
  });

  it("gives up on a sidecar that never takes the connection", () => {
    const clock = new FakeClock();
    const client = createClient({ url: "memory:", clock, openTransport: () => NOWHERE });
    clock.advance(4_999);
    expect(client.state.name).toBe("connecting");
    clock.advance(1);
    expect(client.state.name).toBe("waiting");
  });

  it("says why the sidecar refused it", () => {
    const clock = new FakeClock();
    const sidecar = new ScriptedSidecar({ clock, welcomes: false });
    const client = createClient({ url: "memory:", clock, openTransport: sidecar.openTransport });
    clock.advance(0);
    const nobody = { room: null, line: null, scene: null };
    sidecar.send({ kind: "error", code: "version_unsupported", message: "too old", ...nobody });
    clock.advance(0);
    expect(client.state).toMatchObject({
      name: "waiting",
      why: "the sidecar refused us: version_unsupported: too old",
    });
  });

  it("goes on while pongs come, and ends a connection that is silent for two intervals", () => {
    const { clock, sidecar, client } = connectClient({ welcome: { heartbeatMs: 1_000 } });
    clock.advance(60_000);
    expect(client.state.name).toBe("open");
    sidecar.answersPings = false;
    clock.advance(1_999);
    expect(client.state.name).toBe("open");
    clock.advance(1);
    expect(client.state).toMatchObject({ name: "waiting", why: "the sidecar fell silent" });
  });

  it("answers the sidecar's pings", () => {
    const { clock, sidecar } = connectClient();
    sidecar.send({ kind: "ping", nonce: 77 });
    clock.advance(0);
    expect(sidecar.of("pong")).toEqual([{ kind: "pong", nonce: 77 }]);
  });

  it("answers an unknown type by an error and goes on", () => {
    const { clock, sidecar, client } = connectClient();
    sidecar.sendBytes(Uint8Array.of(0x91, 0x7f));
    clock.advance(0);
    expect(client.state.name).toBe("open");
    expect(sidecar.of("error")).toMatchObject([{ code: "unknown_type" }]);
  });

  it("never answers an error by an error, also where the code is unknown to it", () => {
    const { clock, sidecar, client } = connectClient();
    const nobody = { room: null, line: null, scene: null };
    sidecar.send({ kind: "error", code: "of_the_future", message: "", ...nobody });
    clock.advance(0);
    expect(client.state.name).toBe("open");
    expect(sidecar.of("error")).toEqual([]);
  });

  it("says what was wrong to a sidecar that breaks the grammar, and connects anew", () => {
    const { clock, sidecar, client } = connectClient();
    sidecar.sendBytes(Uint8Array.of(0xc1));
    clock.advance(0);
    expect(sidecar.of("error")).toMatchObject([{ code: "forbidden_type" }]);
    expect(client.state.name).toBe("waiting");
    clock.advance(1_000);
    expect(client.state.name).toBe("open");
  });

  it("takes a second welcome for a breach", () => {
    const { clock, sidecar, client } = connectClient();
    const { state } = client;
    if (state.name !== "open") throw new Error("not open");
    sidecar.send(state.welcome);
    clock.advance(0);
    expect(sidecar.of("error")).toMatchObject([{ code: "unexpected_message" }]);
    expect(client.state.name).toBe("waiting");
  });

  it("lets go of a sidecar that has stopped reading", () => {
    const clock = new FakeClock();
    const sidecar = new ScriptedSidecar({ clock });
    let bufferedBytes = 0;
    const client = createClient({
      url: "memory:",
      clock,
      openTransport: (events) => {
        const transport = sidecar.openTransport(events);
        return {
          send: (bytes) => transport.send(bytes),
          close: (code, reason) => transport.close(code, reason),
          abort: () => transport.abort(),
          get bufferedBytes() {
            return bufferedBytes;
          },
        };
      },
    });
    clock.advance(0);
    bufferedBytes = 2_000_000;
    client.openRoom({ worldKey: "tavern" });
    expect(client.state).toMatchObject({ name: "waiting", why: "the sidecar has stopped reading" });
  });

  it("hears nothing of a connection that it has let go of", () => {
    const { clock, sidecar, room } = connectClient({ downDelayMs: 30 });
    const line = room.say("mira", { event: "A bell rings.", ttftBudgetMs: 60_000 });
    clock.advance(0);
    sidecar.send(begin(line), text(line, 0, "Late"));
    sidecar.sendBytes(Uint8Array.of(0xc1));
    sidecar.send(text(line, 4, " words"));
    clock.advance(1_000);
    expect(line.text).toBe("Late… where was I?");
  });

  it("outlives a transport that cannot be opened", () => {
    const clock = new FakeClock();
    const sidecar = new ScriptedSidecar({ clock });
    const troubles: string[] = [];
    let isBroken = false;
    const client = createClient({
      url: "memory:",
      clock,
      onTrouble: (why) => troubles.push(why),
      openTransport: (events) => {
        if (isBroken) throw new Error("no sockets left");
        return sidecar.openTransport(events);
      },
    });
    clock.advance(0);
    isBroken = true;
    sidecar.drop();
    clock.advance(5_000);
    expect(troubles).toContain("no connection could be opened: Error: no sockets left");
    isBroken = false;
    clock.advance(1_000);
    expect(client.state.name).toBe("open");
  });

  it("closes for good, from every state, and leaves no timer behind", () => {
    const { clock, sidecar, client } = connectClient();
    client.close();
    client.close();
    clock.advance(0);
    expect(client.state.name).toBe("closed");
    expect(clock.pending).toBe(0);
    const attempts = sidecar.attemptsMs.length;
    clock.advance(60_000);
    expect(sidecar.attemptsMs).toHaveLength(attempts);
    const waiting = connectClient();
    waiting.sidecar.drop();
    waiting.clock.advance(0);
    waiting.client.close();
    expect(waiting.clock.pending).toBe(0);
    const unconnected = connectClient({ upDelayMs: 10_000 });
    unconnected.client.close();
    unconnected.clock.advance(60_000);
    expect(unconnected.clock.pending).toBe(0);
  });

  it("asks for no lines while the sidecar drains, and keeps its heartbeat", () => {
    const { clock, sidecar, client, room } = connectClient({ welcome: { heartbeatMs: 1_000 } });
    const open = room.say("mira", { event: "A bell rings.", ttftBudgetMs: 60_000 });
    sidecar.send({ kind: "drain", closesInMs: 5_000 });
    clock.advance(3_000);
    expect(client.state.name).toBe("draining");
    const line = room.say("mira", { event: "Another bell." });
    expect(line.text).toBe("Later, friend.");
    expect(sidecar.of("cue").map((cue) => cue.line)).toEqual([open.id]);
    sidecar.answersPings = false;
    clock.advance(2_000);
    expect(client.state.name).toBe("waiting");
    expect(open.state.name).toBe("waiting");
  });
});
