/**
 * An Ollama of scripted pace. HTTP by hand on plain sockets and one timer for all streams, so that
 * what it costs leaves the machine to what is measured.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { answerParent } from "./child.ts";
import { type Pace, paceIn, tokenText } from "./pace.ts";
import { machineNowMs, PACED_MODEL, type UpstreamBooks } from "./paced-upstream.ts";

/** A pace of no prompt of ours: canaries and prefix warm-ups. */
const SHORT: Required<Pace> = { tokens: 1, gapMs: 0, prefillMs: 0, tag: 0 };
const HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
const DONE = `${chunkOf({
  message: { role: "assistant", content: "" },
  done: true,
  done_reason: "stop",
  total_duration: 1e6,
  load_duration: 1e5,
  prompt_eval_count: 10,
  prompt_eval_duration: 1e5,
  eval_count: 10,
  eval_duration: 1e6,
})}0\r\n\r\n`;

interface Stream {
  readonly socket: Socket;
  readonly pace: Required<Pace>;
  readonly receivedMs: number;
  sent: number;
  dueMs: number;
}

const tokenBytes: string[] = [];
const sockets = new Set<Socket>();
const streams = new Map<Socket, Stream>();
/** Streams by the millisecond in which they are due. */
const wheel = new Map<number, Stream[]>();
const counts = { begun: 0, done: 0, cut: 0, tokens: 0 };
let cutAtMs: [number, number][] = [];
let turnedMs = Math.floor(performance.now());

function chunkOf(fields: object): string {
  const line = `${JSON.stringify({ model: PACED_MODEL, created_at: "2026-01-01T00:00:00.000000000Z", ...fields })}\n`;
  return `${Buffer.byteLength(line).toString(16)}\r\n${line}\r\n`;
}

function textChunk(content: string): string {
  return chunkOf({ message: { role: "assistant", content }, done: false });
}

function tokenChunk(index: number, heldMs: number): string {
  if (index === 0) return HEAD + textChunk(tokenText(0, heldMs));
  return (tokenBytes[index] ??= textChunk(tokenText(index, 0)));
}

function enter(stream: Stream): void {
  const slot = Math.max(Math.ceil(stream.dueMs), turnedMs + 1);
  const others = wheel.get(slot);
  if (others) others.push(stream);
  else wheel.set(slot, [stream]);
}

function turn(): void {
  const nowMs = Math.floor(performance.now());
  while (turnedMs < nowMs) {
    const due = wheel.get(++turnedMs);
    wheel.delete(turnedMs);
    if (due) for (const stream of due) step(stream);
  }
}

function step(stream: Stream): void {
  const { socket, pace } = stream;
  if (streams.get(socket) !== stream) return;
  if (pace.tokens === 0) {
    socket.write(HEAD + textChunk(""));
    return;
  }
  counts.tokens++;
  const chunk = tokenChunk(stream.sent++, performance.now() - stream.receivedMs);
  if (stream.sent < pace.tokens) {
    socket.write(chunk);
    stream.dueMs += pace.gapMs;
    return enter(stream);
  }
  socket.write(chunk + DONE);
  streams.delete(socket);
  counts.done++;
}

function chat(socket: Socket, body: string): void {
  const receivedMs = performance.now();
  const pace = paceIn(body) ?? SHORT;
  const stream = { socket, pace, receivedMs, sent: 0, dueMs: receivedMs + pace.prefillMs };
  counts.begun++;
  streams.set(socket, stream);
  if (pace.prefillMs === 0) step(stream);
  else enter(stream);
}

const MODEL = { name: PACED_MODEL, model: PACED_MODEL, size: 1, context_length: 4096 };
const PAGES: Readonly<Record<string, object>> = {
  "/api/version": { version: "0.0.0-paced" },
  "/api/tags": { models: [MODEL] },
  "/api/ps": { models: [{ ...MODEL, expires_at: "2300-01-01T00:00:00Z" }] },
  "/api/show": { capabilities: ["completion"] },
  "/api/generate": { model: PACED_MODEL, response: "", done: true, done_reason: "load" },
};

function answer(socket: Socket, path: string, body: string): void {
  if (path === "/api/chat") return chat(socket, body);
  const text = JSON.stringify(PAGES[path] ?? { error: `nothing at ${path}` });
  const status = path in PAGES ? "200 OK" : "404 Not Found";
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
}

/** What is left of the bytes after each whole request was answered. */
function take(socket: Socket, held: string): string {
  for (;;) {
    const headEnd = held.indexOf("\r\n\r\n");
    if (headEnd === -1) return held;
    const head = held.slice(0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/iu.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + length;
    if (held.length < end) return held;
    answer(socket, head.split(" ", 2)[1] ?? "", held.slice(headEnd + 4, end));
    held = held.slice(end);
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  let held = "";
  // Prompts of the bench are ASCII, so bytes are characters.
  socket.setEncoding("latin1");
  socket.on("data", (text) => (held = take(socket, held + String(text))));
  const gone = (): void => {
    sockets.delete(socket);
    const stream = streams.get(socket);
    if (!stream) return;
    streams.delete(socket);
    counts.cut++;
    if (stream.pace.tag > 0) cutAtMs.push([stream.pace.tag, machineNowMs()]);
  };
  socket.on("end", gone);
  socket.on("error", gone);
  socket.on("close", gone);
});

function books(): UpstreamBooks {
  const cuts = cutAtMs;
  cutAtMs = [];
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return { origin, sockets: sockets.size, ...counts, cutAtMs: cuts };
}

server.listen(0, "127.0.0.1", 4096, () => {
  setInterval(turn, 1);
  answerParent(books);
});
