import {
  BRAM,
  bye,
  CUE,
  down,
  HELLO,
  LINE_END,
  MIRA,
  opened,
  OUTCOME,
  refusal,
  SCENE,
  type Step,
  type Trace,
  up,
  upgraded,
  WELCOME,
} from "./trace.ts";
import { wireVector } from "./vectors.ts";

function begin(line: number, source: "model" | "fallback", scene: number | null = null): Step {
  return down({ kind: "lineBegin", line, room: 1, character: "mira", source, scene });
}

function delta(...parts: [number, number, string][]): Step {
  return down({ kind: "delta", parts });
}

function end(line: number, length: number, rest: Partial<typeof LINE_END> = {}): Step {
  return down({ ...LINE_END, line, length, ...rest });
}

/** Conversations in which nothing goes wrong. */
export const CONVERSATIONS: readonly Trace[] = [
  {
    name: "a cue is answered by the model",
    steps: [
      ...opened,
      up({ kind: "ping", nonce: 1 }),
      down({ kind: "pong", nonce: 1 }),
      up(CUE),
      begin(1, "model"),
      delta([1, 0, "Evening"]),
      delta([1, 7, ", 🍺 as ever?"]),
      end(1, 20),
      up({ kind: "heard", line: 1, player: "p-17", offset: 20 }),
      up({ ...OUTCOME, line: 1 }),
      up({ kind: "characterForget", room: 1, character: "mira" }),
      up({ kind: "roomClose", room: 1 }),
      bye,
    ],
  },
  {
    name: "two lines side by side, one of them cancelled, the other authored",
    steps: [
      ...opened,
      up(CUE),
      up({ ...CUE, line: 3 }),
      begin(1, "model"),
      delta([1, 0, "Well"]),
      begin(3, "fallback"),
      delta([1, 4, ", you"], [3, 0, "One moment."]),
      end(3, 11, { source: "fallback", reason: "budget" }),
      up({ kind: "cancel", line: 1 }),
      end(1, 9, { reason: "cancelled" }),
      up({ kind: "cancel", line: 1 }),
      bye,
    ],
  },
  {
    name: "the sidecar chooses among candidates, and a newer cue supersedes an older one",
    steps: [
      ...opened,
      up(BRAM),
      up({
        ...CUE,
        candidates: [
          ["bram", 120, 40],
          ["mira", 300, 255],
        ],
      }),
      up({ ...CUE, line: 3, supersedes: 1 }),
      end(1, 0, { source: "none", reason: "superseded", displayMs: 0 }),
      begin(3, "model"),
      delta([3, 0, "Mind the step."]),
      end(3, 14),
      bye,
    ],
  },
  {
    name: "a scene of two lines",
    steps: [
      upgraded,
      up({ ...HELLO, capabilities: ["scenes"] }),
      down({ ...WELCOME, capabilities: ["scenes"] }),
      up({ kind: "roomOpen", room: 1, worldKey: "tavern" }),
      up(MIRA),
      up(BRAM),
      up({ ...SCENE, maxLines: 2 }),
      begin(2, "model", SCENE.scene),
      delta([2, 0, "Prices!"]),
      end(2, 7),
      begin(4, "model", SCENE.scene),
      delta([4, 0, "Pah."]),
      end(4, 4),
      down({ kind: "sceneEnd", scene: SCENE.scene, reason: "complete", lines: 2 }),
      bye,
    ],
  },
  {
    name: "a lost connection is resumed",
    steps: [
      upgraded,
      up({ ...HELLO, capabilities: ["resume"], session: WELCOME.session }),
      down({ ...WELCOME, capabilities: ["resume"], resumed: true, resumeWindowMs: 10_000 }),
      up({
        kind: "resume",
        lines: [
          [1, 4],
          [3, null],
        ],
        more: false,
      }),
      delta([1, 4, ", you again"]),
      end(1, 15),
      bye,
    ],
  },
  {
    name: "peers of different minor versions",
    steps: [
      upgraded,
      up({ ...HELLO, minor: 1, capabilities: ["later"] }),
      down(WELCOME),
      { from: "client", ...wireVector("of the future", Buffer.of(0x92, 99, 0xa1, 0x61)) },
      ...refusal("unknown_type"),
      bye,
    ],
  },
];
