import { ProtocolError } from "../codes.ts";
import type { Clock } from "../clock.ts";
import { encodeSendable } from "../codec.ts";
import type { Outcome } from "../messages/outcome.ts";
import type { Welcome } from "../messages/welcome.ts";
import type { Up } from "../up.ts";
import { ClientSession, resumeMessages } from "./client-session.ts";
import type { Connection } from "./connection.ts";
import { ReportLog } from "./report-log.ts";
import { Unconfirmed } from "./unconfirmed.ts";

export interface UplinkParts {
  readonly clock: Clock;
  readonly connection: () => Connection;
  trouble(why: string): void;
}

/** Where the client stands: code points of each open line; nil for one that it ended meanwhile. */
export type Stands = ReadonlyMap<number, number | null>;

/**
 * What goes to the sidecar, across connections: where a session goes on, what a lost connection may
 * have swallowed is sent again.
 */
export class Uplink {
  readonly #parts: UplinkParts;
  readonly #session: ClientSession;
  readonly #unconfirmed = new Unconfirmed();
  readonly #reports = new ReportLog((report) => this.#pass(report));

  constructor(parts: UplinkParts) {
    this.#parts = parts;
    this.#session = new ClientSession(parts.clock);
  }

  /** The session to go on with, if there is one. */
  get session(): Uint8Array | null {
    return this.#unconfirmed.isWhole ? this.#session.name : null;
  }

  /**
   * Sends a message if it is sound: now, or when the session goes on. Returns whether either; a cue
   * is none for later.
   */
  send(message: Up): boolean {
    const frame = this.#encoded(message);
    return frame !== undefined && this.#pass(message, frame);
  }

  /** Sends a report, as soon as that can be. */
  report(report: Outcome): void {
    if (this.#encoded(report)) this.#reports.add(report);
  }

  /** Sends the reports that were kept for a sidecar. */
  flushReports(): void {
    this.#reports.flush();
  }

  confirm(place: number): void {
    this.#unconfirmed.confirm(place);
  }

  /** Welcomed; returns the lines that were open at the loss of a session that goes on now. */
  welcomed(welcome: Welcome): ReadonlySet<number> | undefined {
    const lines = this.#session.welcomed(welcome);
    if (!lines) this.#forget();
    return lines;
  }

  /** Says where the lines stand, and again all that the sidecar may not have had. */
  goOn(stands: Stands): void {
    for (const message of resumeMessages(stands)) this.#pass(message);
    for (const message of this.#unconfirmed.takeAll()) this.#pass(message);
  }

  /** The connection is lost; returns whether a next one may go on, until `onExpired`. */
  lost(lines: ReadonlySet<number>, onExpired: () => void): boolean {
    return this.#unconfirmed.isWhole && this.#session.lost(lines, onExpired);
  }

  /** There is no session to go on with; reports that it was not sent wait for the next. */
  forgetSession(): void {
    this.#session.end();
    this.#forget();
  }

  #forget(): void {
    for (const message of this.#unconfirmed.takeUnsent()) {
      if (message.kind === "outcome") this.#reports.add(message);
    }
  }

  #pass(message: Up, frame?: Uint8Array): boolean {
    const connection = this.#parts.connection();
    const isSent = connection.send(message, frame);
    const isDue = !isSent && this.#session.state === "detached" && message.kind !== "cue";
    if (isSent) this.#unconfirmed.note(message, connection.sent);
    if (isDue) this.#unconfirmed.note(message);
    if (isSent && this.#unconfirmed.isMuch) connection.confirmSoon();
    return isSent || isDue;
  }

  /** Undefined for a message that is not sound. */
  #encoded(message: Up): Uint8Array | undefined {
    try {
      return encodeSendable(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#parts.trouble(`not sent: ${error.message}`);
      return undefined;
    }
  }
}
