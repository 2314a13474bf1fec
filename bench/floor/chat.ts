import type { Dispatcher } from "undici";

/** Told of a chat's tokens, and once of its end; false if it failed. */
export interface ChatEvents {
  text(token: string): void;
  end(whole: boolean): void;
}

const OPEN = '"content":"';

/** Streams one chat of an Ollama by `dispatch`, with no checks; returns how to give it up. */
export function chat(dispatcher: Dispatcher, body: string, events: ChatEvents): () => void {
  let controller: Dispatcher.DispatchController | undefined;
  let held = "";
  let over = false;
  const end = (whole: boolean): void => {
    if (!over) events.end(whole);
    over = true;
  };
  dispatcher.dispatch(
    { path: "/api/chat", method: "POST", headers: { "content-type": "application/json" }, body },
    {
      onRequestStart: (started) => (controller = started),
      onResponseStart() {},
      onResponseData(_controller, chunk) {
        const lines = (held + chunk.toString("latin1")).split("\n");
        held = lines.pop() ?? "";
        for (const line of lines) {
          const start = line.indexOf(OPEN) + OPEN.length;
          const token = line.slice(start, line.indexOf('"', start));
          if (token !== "") events.text(token);
        }
      },
      onResponseEnd: () => end(true),
      onResponseError: () => end(false),
    },
  );
  return () => {
    over = true;
    controller?.abort(new Error("given up"));
  };
}
