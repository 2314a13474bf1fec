import type { Code, LineEnd, OutcomeReport, Priority, Reason, Source } from "@banterwire/protocol";
import type { ChatMessage } from "./chat.ts";

/** Why a generation was given up before its engine had finished. */
export const CANCEL_REASONS = [
  "cancelled",
  "superseded",
  "budget",
  "preempted",
  "stalled",
  "length",
  "stopping",
] as const;
export type CancelReason = (typeof CANCEL_REASONS)[number];

/**
 * Why a generation did not finish. `status`: an HTTP status other than 200. `options`: it was not
 * sent, for it would have had the model loaded anew.
 */
export const FAILURE_KINDS = [
  "connect",
  "status",
  "protocol",
  "engine",
  "ended-early",
  "options",
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** Which line: its id is unique on its connection only. */
export interface LineName {
  /** Counted from 1 over the life of this sidecar; one that resumes keeps the lost one's number. */
  readonly connection: number;
  readonly room: number;
  readonly line: number;
}

/** A cue was decoded; whether it is answered or refused, it counts. */
export interface CueTaken extends LineName {
  readonly kind: "cueTaken";
  readonly priority: Priority;
  /** What the player said, as it came: for the log at debug alone. */
  readonly said: string | null;
  readonly event: string | null;
}

/** The model was asked for a line. */
export interface ModelAsked extends LineName {
  readonly kind: "modelAsked";
  readonly character: string;
  readonly prompt: readonly ChatMessage[];
}

/** A line's terminal message was sent. */
export interface LineEnded extends LineName {
  readonly kind: "lineEnded";
  readonly character: string;
  readonly priority: Priority;
  readonly source: Source;
  readonly reason: Reason;
  /** From the cue's arrival to the first visible text; undefined where there was none. */
  readonly ttftMs: number | undefined;
  /** Time in line for a slot; undefined where none was asked for. */
  readonly queuedMs: number | undefined;
  /** Pieces of text that the engine sent, a token each. */
  readonly tokens: number;
  readonly spansUs: LineEnd["spansUs"];
}

export interface GenerationCancelled extends LineName {
  readonly kind: "generationCancelled";
  readonly reason: CancelReason;
}

/** A player has received a line so far: what was not heard is to be no memory. */
export interface LineHeard extends LineName {
  readonly kind: "lineHeard";
  readonly character: string;
  /** The game's stable id. */
  readonly player: string;
  /** Of `text`, from its start. */
  readonly codePoints: number;
  /** What the sidecar has said of the line. */
  readonly text: string;
}

/** An error was sent to the peer. */
export interface ErrorSent {
  readonly kind: "errorSent";
  readonly connection: number;
  readonly code: Code;
  readonly why: string;
  readonly room: number | null;
  readonly line: number | null;
}

/** What happens in the pipe. Nothing of it happens per token. */
export type Happening =
  | {
      readonly kind: "connectionOpened";
      readonly connection: number;
      readonly client: string;
      /** It goes on with the session of a lost one, under that one's number. */
      readonly resumed: boolean;
    }
  | {
      readonly kind: "connectionClosed";
      readonly connection: number;
      /** `lost`: the socket went away without a word of ours. */
      readonly code: Code | "lost";
    }
  /** All that a connection had opened is closed: at its own end, or when nobody resumed it. */
  | { readonly kind: "sessionEnded"; readonly connection: number }
  /** Refused at the upgrade, before it was a connection. */
  | { readonly kind: "upgradeRefused"; readonly code: Code }
  | { readonly kind: "socketFailed"; readonly why: string }
  | ErrorSent
  | {
      readonly kind: "errorReceived";
      readonly connection: number;
      readonly code: string;
      readonly why: string;
    }
  /** A fault of ours, caught at the boundary; `connection` is null where it is no connection's. */
  | { readonly kind: "faulted"; readonly connection: number | null; readonly error: unknown }
  | {
      readonly kind: "roomOpened";
      readonly connection: number;
      readonly room: number;
      readonly worldKey: string;
    }
  | { readonly kind: "roomClosed"; readonly connection: number; readonly room: number }
  | CueTaken
  | ModelAsked
  | GenerationCancelled
  | LineEnded
  | LineHeard
  | {
      readonly kind: "outcomeReported";
      readonly connection: number;
      readonly report: OutcomeReport;
    }
  | {
      readonly kind: "endpointWarm";
      readonly origin: string;
      readonly engineVersion: string;
      readonly model: string;
      readonly warmTtftMs: number;
    }
  | {
      readonly kind: "endpointDown";
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
    }
  /** It takes generations and answers none. */
  | {
      readonly kind: "endpointWedged";
      readonly origin: string;
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
    }
  /** A line that failed at one endpoint, or was refused there, goes on at another. */
  | { readonly kind: "failedOver"; readonly from: string; readonly to: string }
  /** A late line is asked for at a second endpoint too. */
  | { readonly kind: "hedged"; readonly from: string; readonly to: string }
  /** The second was the first to answer. */
  | { readonly kind: "hedgeWon"; readonly by: string }
  /** Two endpoints are one Ollama; or they share a GPU, or the cores, as far as anybody can tell. */
  | {
      readonly kind: "sameProcess" | "sameGpu" | "sameCpu";
      readonly endpoints: readonly string[];
      /** Those of them whose model did not fit into GPU memory. */
      readonly partlyOnCpu?: readonly string[];
    }
  /** Too many of its lines failed or were late: others answer for a while. */
  | { readonly kind: "endpointEjected"; readonly endpoint: string }
  /** Somebody else changed how the model is loaded. */
  | {
      readonly kind: "foreignReload";
      readonly origin: string;
      readonly contextLength: number | undefined;
    }
  /** A character's prefix cannot be kept warm, such as one longer than the context. */
  | { readonly kind: "warmUpRefused"; readonly why: string }
  | {
      readonly kind: "generationFailed";
      readonly origin: string;
      readonly failure: FailureKind;
      readonly why: string;
    }
  /** Text that the engine sent for a generation which had been given up. */
  | { readonly kind: "textAfterCancel"; readonly pieces: number };

/** Is told what happens, in the loop turn in which it happens. Never throws, returns at once. */
export type Observe = (happening: Happening) => void;

/** For whoever has nobody to tell. */
export const unobserved: Observe = () => {};
