import type { Mood } from "../moods.ts";
import type { VirtualCue } from "./virtual-game.ts";

/** One thing that happens to a virtual world; plain data, so that a failure can be printed. */
export type Move =
  | ({ readonly do: "cue"; readonly game: number } & VirtualCue)
  | { readonly do: "cancel"; readonly game: number; readonly pick: number }
  | {
      readonly do: "register" | "forget";
      readonly game: number;
      readonly room: number;
      readonly character: string;
    }
  | { readonly do: "moveOut"; readonly game: number; readonly room: number }
  /** The game process ends, and another one starts in its place. */
  | { readonly do: "restartGame"; readonly game: number }
  /** A connection breaks. */
  | { readonly do: "cut"; readonly game: number }
  /** A connection carries nothing any more, and neither end is told. */
  | { readonly do: "deafen"; readonly game: number }
  /** A game's end reads nothing for a while. */
  | { readonly do: "stopReading"; readonly game: number; readonly forMs: number }
  | { readonly do: "restartSidecar" }
  /** The sidecar says good-bye to all games. */
  | { readonly do: "drain" }
  /** Nobody can connect to the sidecar. */
  | { readonly do: "refuse"; readonly forMs: number }
  /** So many generations are answered in this mood. */
  | { readonly do: "mood"; readonly mood: Mood; readonly times: number }
  /** All generations of one engine are answered in this mood for a while. */
  | {
      readonly do: "turn";
      readonly engine: number;
      readonly mood: Mood;
      readonly forMs: number;
    }
  /** One of the calls that carry no dialogue is answered in this mood. */
  | {
      readonly do: "path";
      readonly engine: number;
      readonly path: string;
      readonly mood: Mood;
      readonly forMs: number;
    }
  | { readonly do: "engineDown"; readonly engine: number; readonly forMs: number }
  /** Somebody else uses the engine: the model leaves memory, or comes back otherwise. */
  | { readonly do: "unload" | "foreignReload"; readonly engine: number }
  | { readonly do: "pass"; readonly ms: number }
  /** The event loop is blocked: room, sidecar and engine alike. */
  | { readonly do: "block"; readonly ms: number };
