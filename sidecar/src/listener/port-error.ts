import { EXIT_CODES, StartError } from "../start-error.ts";

/** Why the port could not be had, and what to do. */
export function portError(error: unknown, host: string, port: number): StartError {
  if (codeOf(error) === "EADDRINUSE") {
    return new StartError(
      "port_busy",
      EXIT_CODES.portBusy,
      `Port ${port} on ${host} is taken by another program.`,
      "Choose another with --port N, or stop that program.",
    );
  }
  return new StartError(
    "cannot_listen",
    EXIT_CODES.usage,
    `Cannot listen on ${host}:${port}: ${messageOf(error)}.`,
    "Choose another --host or --port.",
  );
}

/** Why the socket file could not be had, and what to do. */
export function socketError(error: unknown, path: string): StartError {
  if (codeOf(error) === "EADDRINUSE") {
    return new StartError(
      "socket_busy",
      EXIT_CODES.portBusy,
      `${path} belongs to another program, or is no socket.`,
      "Choose another with --socket FILE, or stop that program.",
    );
  }
  return new StartError(
    "cannot_listen",
    EXIT_CODES.usage,
    `Cannot listen on ${path}: ${messageOf(error)}.`,
    "Choose another --socket, in a folder that exists and that you may write to.",
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
