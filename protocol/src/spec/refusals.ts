import {
  BRAM,
  bye,
  CUE,
  down,
  greeted,
  HELLO,
  MIRA,
  opened,
  refusal,
  SCENE,
  type Subject,
  type Trace,
  up,
  UPGRADE,
  upgraded,
  WELCOME,
} from "./trace.ts";

function about(line: number): Subject {
  return { room: 1, line };
}

const scenes = [
  upgraded,
  up({ ...HELLO, capabilities: ["scenes"] }),
  down({ ...WELCOME, capabilities: ["scenes"] }),
  up({ kind: "roomOpen", room: 1, worldKey: "tavern" }),
  up(MIRA),
  up(BRAM),
];

/** One conversation for each code that bytes alone cannot break. */
export const REFUSALS: readonly Trace[] = [
  {
    name: "unauthorized",
    steps: [{ upgrade: { ...UPGRADE, authorization: "Bearer wrong" }, status: 401 }],
  },
  {
    name: "origin_refused",
    steps: [{ upgrade: { ...UPGRADE, origin: "http://page" }, status: 403 }],
  },
  {
    name: "subprotocol_missing",
    steps: [{ upgrade: { authorization: "Bearer secret" }, status: 400 }],
  },
  {
    name: "too_many_connections",
    steps: [{ upgrade: UPGRADE, status: 503 }],
  },
  {
    name: "frame_not_binary",
    steps: [...greeted, { from: "client", text: "[8,1]" }, ...refusal("frame_not_binary")],
  },
  {
    name: "unexpected_message, before hello",
    steps: [upgraded, up(CUE), ...refusal("unexpected_message")],
  },
  {
    name: "unexpected_message, a second hello",
    steps: [...greeted, up(HELLO), ...refusal("unexpected_message")],
  },
  {
    name: "version_unsupported",
    steps: [upgraded, up(HELLO), ...refusal("version_unsupported")],
  },
  {
    name: "handshake_timeout",
    steps: [upgraded, { waitMs: 5_000 }, ...refusal("handshake_timeout")],
  },
  {
    name: "fragment_timeout",
    steps: [
      ...greeted,
      { from: "client", fragment: "92" },
      { waitMs: 5_000 },
      ...refusal("fragment_timeout"),
    ],
  },
  {
    name: "heartbeat_timeout",
    steps: [
      ...greeted,
      { client: "falls silent" },
      { waitMs: 2 * WELCOME.heartbeatMs },
      ...refusal("heartbeat_timeout"),
    ],
  },
  {
    name: "slow_consumer",
    steps: [
      ...opened,
      { client: "stops reading" },
      down({ kind: "flow", slow: true, waitingBytes: 600_000, maxWaitingBytes: 1_048_576 }),
      ...refusal("slow_consumer"),
    ],
  },
  {
    name: "session_taken",
    steps: [...greeted, { client: "connects anew" }, ...refusal("session_taken")],
  },
  {
    name: "unsupported",
    steps: [...opened, up(SCENE), ...refusal("unsupported", { room: 1, scene: SCENE.scene }), bye],
  },
  { name: "unknown_room", steps: [...greeted, up(CUE), ...refusal("unknown_room", about(1)), bye] },
  {
    name: "room_exists",
    steps: [
      ...opened,
      up({ kind: "roomOpen", room: 1, worldKey: "tavern" }),
      ...refusal("room_exists", { room: 1 }),
      bye,
    ],
  },
  {
    name: "unknown_character",
    steps: [
      ...opened,
      up({ ...CUE, candidates: [["nobody", 0, 255]] }),
      ...refusal("unknown_character", about(1)),
      bye,
    ],
  },
  {
    name: "line_exists",
    steps: [...opened, up(CUE), up(CUE), ...refusal("line_exists", { room: 1 }), bye],
  },
  {
    name: "unknown_line",
    steps: [
      upgraded,
      up({ ...HELLO, capabilities: ["resume"], session: WELCOME.session }),
      down({ ...WELCOME, capabilities: ["resume"], resumed: true, resumeWindowMs: 5_000 }),
      up({ kind: "resume", lines: [[1, 0]], more: false }),
      ...refusal("unknown_line", { line: 1 }),
      bye,
    ],
  },
  {
    name: "too_many_rooms",
    limits: { maxRooms: 1 },
    steps: [
      ...opened,
      up({ kind: "roomOpen", room: 2, worldKey: "cellar" }),
      ...refusal("too_many_rooms", { room: 2 }),
      bye,
    ],
  },
  {
    name: "too_many_characters",
    limits: { maxCharactersPerRoom: 1 },
    steps: [...opened, up(BRAM), ...refusal("too_many_characters", { room: 1 }), bye],
  },
  {
    name: "too_many_lines",
    limits: { maxLinesPerRoom: 1 },
    steps: [
      ...opened,
      up(CUE),
      up({ ...CUE, line: 3 }),
      ...refusal("too_many_lines", about(3)),
      bye,
    ],
  },
  {
    name: "cue_rate_room",
    limits: { maxCuesPerSecondPerRoom: 1 },
    steps: [
      ...opened,
      up(CUE),
      up({ ...CUE, line: 3 }),
      ...refusal("cue_rate_room", about(3)),
      bye,
    ],
  },
  {
    name: "cue_rate_game",
    limits: { maxCuesPerSecondPerGame: 1 },
    steps: [
      ...opened,
      up(CUE),
      up({ ...CUE, line: 3 }),
      ...refusal("cue_rate_game", about(3)),
      bye,
    ],
  },
  {
    name: "scene_exists",
    steps: [...scenes, up(SCENE), up(SCENE), ...refusal("scene_exists", { room: 1 }), bye],
  },
  {
    name: "too_many_scenes",
    steps: [
      ...scenes,
      ...[1, 2, 3, 4, 5].map((scene) => up({ ...SCENE, scene })),
      ...refusal("too_many_scenes", { room: 1, scene: 5 }),
      bye,
    ],
  },
  {
    name: "no_new_lines, then draining",
    steps: [
      ...opened,
      down({ kind: "drain", closesInMs: 2_000 }),
      up(CUE),
      ...refusal("no_new_lines", about(1)),
      ...refusal("draining"),
    ],
  },
  { name: "internal", steps: [...opened, up(CUE), ...refusal("internal")] },
];
