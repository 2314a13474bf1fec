import type { Client, Room } from "@colyseus/core";

/** What the plugin wants to know of the life of its room. */
export interface RoomEvents {
  /** The game's own `onCreate` has succeeded. */
  readonly created: () => void;
  readonly joined: (client: Client) => void;
  /** The game's own `onLeave` has settled; whoever came back in it is in `clients` again. */
  readonly left: () => void;
  readonly disposed: () => void;
  /** One of the above threw, which the game is not to notice. */
  readonly threw: (error: unknown) => void;
}

type Hook = (...args: unknown[]) => unknown;
type HookName = "onCreate" | "onJoin" | "onLeave" | "onDispose";

/**
 * Follows a room by wrapping the hooks of this one instance. Hooks declared on the plugin would go
 * through wrappers that Colyseus puts on the room's prototype. Those are passed by where the room
 * owns a hook (an arrow field, or any hook of a room with `onUncaughtException`), run twice where a
 * class and its parent both have the plugin, and make every hook of the game wait for the plugin's.
 */
export function followRoom(room: Room, events: RoomEvents): void {
  const guarded = (event: () => void) => (): void => {
    try {
      event();
    } catch (error) {
      events.threw(error);
    }
  };
  const created = guarded(events.created);
  const left = guarded(events.left);
  const disposed = guarded(events.disposed);
  wrap(room, "onCreate", (theirs) => afterSuccess(theirs(), created));
  wrap(room, "onJoin", (theirs, client) => {
    guarded(() => events.joined(client as Client))();
    return theirs();
  });
  wrap(room, "onLeave", (theirs) => afterSettling(theirs, left));
  wrap(room, "onDispose", (theirs) => {
    disposed();
    return theirs();
  });
}

function wrap(
  room: Room,
  name: HookName,
  around: (theirs: () => unknown, firstArgument: unknown) => unknown,
): void {
  const theirs = room[name] as Hook | undefined;
  const hook: Hook = (...args) => around(() => theirs?.apply(room, args), args[0]);
  // The four hooks have no signature in common that an assignment by name would fit.
  Object.assign(room, { [name]: hook });
}

/** Calls `then` when the game's hook has succeeded; what the game returns stays as it is. */
function afterSuccess(result: unknown, then: () => void): unknown {
  if (!isThenable(result)) {
    then();
    return result;
  }
  return Promise.resolve(result).then((value) => {
    then();
    return value;
  });
}

function afterSettling(theirs: () => unknown, then: () => void): unknown {
  let result: unknown;
  try {
    result = theirs();
  } catch (error) {
    then();
    throw error;
  }
  if (isThenable(result)) return Promise.resolve(result).finally(then);
  then();
  return result;
}

/** What `allowReconnection` returns is no Promise, but can be awaited. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}
