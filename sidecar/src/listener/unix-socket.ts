import { lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";

/** Nobody but the owner may connect: on Linux that takes the right to write. */
const UMASK_OWNER_ONLY = 0o177;

/**
 * Listens on a socket file. One that a killed process left behind is replaced; one that answers,
 * or a file that is no socket, is not touched. The file goes when the server is closed.
 *
 * @throws the error of `listen`, such as EADDRINUSE
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  try {
    await bound(server, path);
  } catch (error) {
    if (!isBusy(error) || !(await isStale(path))) throw error;
    await unlink(path);
    await bound(server, path);
  }
}

function bound(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // The file is made within this call, so that it never exists with wider rights.
    const umask = process.umask(UMASK_OWNER_ONLY);
    try {
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}

async function isStale(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(false);
    });
    // Anything but a refusal may be a living process that is merely busy.
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}
