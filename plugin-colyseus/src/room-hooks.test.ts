import { type Client, Deferred, type Room } from "@colyseus/core";
import { expect, test } from "vitest";
import { followRoom } from "./room-hooks.ts";

const ada = { sessionId: "ada" };

type Hooks = Partial<
  Record<"onCreate" | "onJoin" | "onLeave" | "onDispose", (...args: unknown[]) => unknown>
>;

function follow(hooks: Hooks, breaks = false): { room: Required<Hooks>; told: unknown[] } {
  const told: unknown[] = [];
  const tell = (what: string): void => {
    told.push(what);
    if (breaks) throw new Error("ours");
  };
  followRoom(hooks as unknown as Room, {
    created: () => tell("created"),
    joined: (client: Client) => tell(`joined ${client.sessionId}`),
    left: () => tell("left"),
    disposed: () => tell("disposed"),
    threw: () => told.push("threw"),
  });
  return { room: hooks as Required<Hooks>, told };
}

test("a room without hooks is followed", () => {
  const { room, told } = follow({});
  room.onCreate();
  room.onJoin(ada);
  room.onLeave(ada);
  room.onDispose();
  expect(told).toEqual(["created", "joined ada", "left", "disposed"]);
});

test("the game's hooks keep their arguments, their this and their result", async () => {
  const heard: unknown[] = [];
  const hooks = {
    onJoin(this: unknown, ...args: unknown[]) {
      heard.push(this, ...args);
      return Promise.resolve("seated");
    },
  };
  const { room } = follow(hooks);
  await expect(room.onJoin(ada, 1, 2)).resolves.toBe("seated");
  expect(heard).toEqual([room, ada, 1, 2]);
});

test("a room whose onCreate fails was not created", async () => {
  const throws = follow({
    onCreate: () => {
      throw new Error("theirs");
    },
  });
  expect(() => throws.room.onCreate()).toThrow("theirs");
  const rejects = follow({ onCreate: () => Promise.reject(new Error("theirs")) });
  await expect(rejects.room.onCreate()).rejects.toThrow("theirs");
  expect([...throws.told, ...rejects.told]).toEqual([]);
});

test("a player has left when the game's onLeave has settled, well or badly", async () => {
  // What Colyseus's allowReconnection returns: it can be awaited, and is no Promise.
  const reconnection = new Deferred<Client>();
  const { room, told } = follow({ onLeave: () => reconnection });
  const leaving = room.onLeave(ada);
  expect(told).toEqual([]);
  reconnection.reject(new Error("too late"));
  await expect(leaving).rejects.toThrow("too late");
  expect(told).toEqual(["left"]);
});

test("a throw of ours reaches neither the game's hook nor the one who called it", () => {
  const { room, told } = follow({ onJoin: () => "theirs" }, true);
  expect(room.onJoin(ada)).toBe("theirs");
  room.onCreate();
  room.onLeave();
  room.onDispose();
  expect(told.filter((what) => what === "threw")).toHaveLength(4);
});
