import { join } from "node:path";
import { type Code, codeEntry, LIMITS } from "@banterwire/protocol";
import { expect, test } from "vitest";
import {
  DEFAULT_CONFIG,
  framesPerSecondOf,
  HEARTBEAT_MS,
  HELLO_TIMEOUT_MS,
  MAX_BUFFERED_BYTES,
  MAX_LINE_MS,
  MAX_LINE_TOKENS,
  MAX_LOGGED_ENDS,
  MAX_LOGGED_TEXT_UNITS,
  MAX_NAMED_PER_LINE,
  MAX_PENDING_SOCKETS,
  MAX_RESUMES_PER_SECOND,
  MAX_SLOW_MS,
  MAX_TOKEN_GAP_MS,
  MAX_UNKNOWN_LINES,
  MAX_WAITING_CUES,
  MESSAGE_TIMEOUT_MS,
  SLOW_AFTER_MS,
  SLOW_AT_BYTES,
} from "./config.ts";
import { fileKeyOf, flagOf } from "./config/names.ts";
import { type Key, settingOf } from "./config/settings.ts";
import {
  CLOSE_TIMEOUT_MS,
  COMING_AND_GOING,
  MAX_FRAGMENTS,
  MAX_PIECES_PER_FRAME,
  PAGES,
  READING_ON,
  UPGRADE_TIMEOUT_MS,
} from "./listener.ts";
import {
  MAX_BYTES_AFTER_CLOSE,
  MAX_FRAMES_PER_TURN,
  MAX_READING_MS_PER_TURN,
} from "./listener/incoming.ts";
import { ODD_FRAME_COUNTS_FOR } from "./listener/message-boundary.ts";
import { MAX_TASKS_PER_TURN } from "./listener/turns.ts";
import { MAX_PONGS_PER_TURN } from "./listener/pings.ts";
import { METRICS_EVERY_MS } from "./server.ts";

/** Written by `npx vitest run sidecar/src/bounds.test.ts -u`. */
const PAGE = join(import.meta.dirname, "..", "..", "docs", "reference", "bounds.md");

interface Bound {
  readonly what: string;
  readonly value: string;
  readonly at: string;
}

function bound(what: string, value: string, at: string): Bound {
  return { what, value, at };
}

/** One that an operator sets. */
function setting(key: Key, what: string, at: string): Bound {
  return bound(what, `${count(Number(settingOf(key).default))}; \`${flagOf(key)}\``, at);
}

function closed(code: Code): string {
  return `closed with ${codeEntry(code).closeCode}, \`${code}\``;
}

function refused(code: Code): string {
  return `refused with \`${code}\``;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function ms(value: number): string {
  return `${count(value)} ms`;
}

function percent(share: number): string {
  return `${share * 100}%`;
}

const BOUNDS: Readonly<Record<string, readonly Bound[]>> = {
  "Before a connection": [
    bound(
      "sockets that are no WebSocket: handshakes under way, pages, silence",
      count(MAX_PENDING_SOCKETS),
      "the one of which nothing came for longest is dropped; the newest where all wait for their turn",
    ),
    bound(
      "from a connection's turn to its first byte, and from there, or a page's last byte, to the end of a request",
      ms(UPGRADE_TIMEOUT_MS),
      "dropped, looked for once a second",
    ),
    bound(
      "sockets that are let in or go, and pages, in one turn of the loop",
      `1 of each, and up to ${count(MAX_TASKS_PER_TURN)} where turns take milliseconds`,
      "the others wait for the next turns",
    ),
    bound(
      "sockets that are begun to be read, in a turn in which nobody is let in or goes",
      `${count(COMING_AND_GOING.littlesPerTask)}, and up to ${count(MAX_TASKS_PER_TURN * COMING_AND_GOING.littlesPerTask)} where turns take milliseconds`,
      "the others wait for the next turns",
    ),
    bound(
      "of the loop's time while lines are open: sockets that come or go; pages",
      `${percent(COMING_AND_GOING.share)}; ${percent(PAGES.share)}`,
      "they wait: a thousand games are back within a second or two",
    ),
    bound("pages of one socket at a time", "1", "dropped with its second request"),
    bound(
      "time between two renderings of `/metrics`",
      ms(METRICS_EVERY_MS),
      "who asks sooner waits, and shares the next one",
    ),
    setting("maxConnections", "connections", "HTTP 503, `too_many_connections`"),
    bound("from a handshake to `hello`", ms(HELLO_TIMEOUT_MS), closed("handshake_timeout")),
  ],
  "What a game sends": [
    bound(
      "one message, in one frame or many",
      `${count(LIMITS.MAX_FRAME_BYTES)} bytes`,
      "closed with 1009, unread",
    ),
    bound("fragments of one message", count(MAX_FRAGMENTS), "closed with 1008"),
    bound(
      "pieces of one frame, as the network cuts it",
      count(MAX_PIECES_PER_FRAME),
      "closed with 1008",
    ),
    bound(
      "from a message's first byte to its last",
      ms(MESSAGE_TIMEOUT_MS),
      closed("fragment_timeout"),
    ),
    bound(
      `frames a second of one connection; a control frame or fragment counts for ${ODD_FRAME_COUNTS_FOR}`,
      `${count(framesPerSecondOf(DEFAULT_CONFIG))}; ten for each cue of \`${flagOf("maxCuesPerSecondPerGame")}\` if that is more`,
      "read later: the peer waits",
    ),
    bound(
      "frames of one connection in one turn of the loop",
      `about ${count(MAX_FRAMES_PER_TURN)}, fewer if they take more than ${MAX_READING_MS_PER_TURN} ms`,
      "read in later turns, one such connection in each",
    ),
    bound(
      "of the loop's time while lines are open: connections that send more than that",
      `${percent(READING_ON.share)} for all of them, once they have had ${ms(READING_ON.maxCreditMs)}`,
      "read later",
    ),
    bound("sent on after a close", `${count(MAX_BYTES_AFTER_CLOSE)} bytes`, "dropped, unread"),
    bound(
      "pings answered in one turn of the loop",
      count(MAX_PONGS_PER_TURN),
      "of more, the last one is answered",
    ),
    bound(
      "levels, and values, in a message",
      `${LIMITS.MAX_DEPTH}, ${count(LIMITS.MAX_ELEMENTS)}`,
      `${closed("too_deep")} or \`too_many_elements\``,
    ),
    bound("silence", ms(2 * HEARTBEAT_MS), closed("heartbeat_timeout")),
    bound("time to answer our close", ms(CLOSE_TIMEOUT_MS), "dropped"),
    bound("compression", "none", "never negotiated: nothing unfolds"),
  ],
  "What waits for a game": [
    bound(
      "bytes from which its text is merged and it is told",
      `${count(SLOW_AT_BYTES)} bytes, or ${ms(SLOW_AFTER_MS)}`,
      "`flow`",
    ),
    bound("bytes", `${count(MAX_BUFFERED_BYTES)} bytes`, closed("slow_consumer")),
    bound("time to read all of it, once told", ms(MAX_SLOW_MS), closed("slow_consumer")),
  ],
  "What a game holds": [
    setting("maxRooms", "rooms of a connection", refused("too_many_rooms")),
    setting("maxCharactersPerRoom", "characters of a room", refused("too_many_characters")),
    setting(
      "maxRegisteredMib",
      "rooms and characters of a connection, MiB of text",
      `${refused("too_many_rooms")} or \`too_many_characters\``,
    ),
    setting(
      "maxRegisteredMibInAll",
      "rooms and characters of all connections, MiB of text",
      `${refused("too_many_rooms")} or \`too_many_characters\``,
    ),
    setting("maxLinesPerRoom", "open lines of a room", refused("too_many_lines")),
    setting("maxLines", "open lines of a connection", refused("too_many_lines")),
    setting("maxCuesPerSecondPerRoom", "cues a second of a room", refused("cue_rate_room")),
    setting(
      "maxCuesPerSecondPerGame",
      "cues a second of all connections",
      refused("cue_rate_game"),
    ),
    setting(
      "maxDetachedSessions",
      "lost connections that may come back",
      "the one lost first may not",
    ),
    setting(
      "resumeWindowMs",
      "how long one may come back, milliseconds",
      "its lines end, its rooms close",
    ),
    bound(
      "text, and ended lines, kept for one that comes back",
      `${count(MAX_LOGGED_TEXT_UNITS)} UTF-16 units, ${count(MAX_LOGGED_ENDS)} lines`,
      "the oldest are forgotten",
    ),
  ],
  "What a game resumes": [
    bound(
      "a session, in one second",
      `${count(MAX_RESUMES_PER_SECOND)} times`,
      "welcomed to a new one",
    ),
    bound(
      "lines that it names, and messages in which it does",
      `${count(MAX_NAMED_PER_LINE * DEFAULT_CONFIG.maxLines)}; ${MAX_NAMED_PER_LINE} for each of \`${flagOf("maxLines")}\``,
      closed("unexpected_message"),
    ),
    bound(
      "of them, lines that the session does not have",
      count(MAX_UNKNOWN_LINES),
      closed("unexpected_message"),
    ),
  ],
  "What a line takes": [
    bound("cues that wait for a slot", count(MAX_WAITING_CUES), "an authored line at once"),
    bound("tokens", count(MAX_LINE_TOKENS), "the line ends, `length`"),
    bound("time between two tokens", ms(MAX_TOKEN_GAP_MS), "a closer in character, `truncated`"),
    bound("time from its first text", ms(MAX_LINE_MS), "a closer in character, `truncated`"),
  ],
};

test("docs/reference/bounds.md says what the code says", async () => {
  await expect(page()).toMatchFileSnapshot(PAGE);
});

test("every setting that is a bound is on the page, with its default", () => {
  for (const key of ["maxConnections", "maxRooms", "maxLines", "maxDetachedSessions"] as const) {
    expect(fileKeyOf(key)).toBe(key);
    expect(page()).toContain(`${count(Number(settingOf(key).default))}; \`${flagOf(key)}\``);
  }
});

function page(): string {
  const sections = Object.entries(BOUNDS).map(([title, bounds]) => {
    const rows = bounds.map(({ what, value, at }) => `| ${what} | ${value} | ${at} |`);
    return [
      `## ${title}`,
      "",
      "| what | bound | at the bound |",
      "| --- | --- | --- |",
      ...rows,
    ].join("\n");
  });
  return `# Bounds

<!-- Written by sidecar/src/bounds.test.ts from the code's own constants and settings: change those, then run that test with \`-u\`. -->
<!-- oxfmt-ignore-start -->

What the sidecar lets a peer do, and what the peer sees when it does more. How the bounds work together is in the [guide to hardening](../guides/hardening.md); bounds of single fields of the protocol are in [SPEC.md](../../protocol/SPEC.md).

${sections.join("\n\n")}

<!-- oxfmt-ignore-end -->
`;
}
