/** The game server's process; `start.ts` runs it beside the sidecar. */
import { EXIT_CODES } from "./exit-codes.ts";
import { endWithParent } from "./end-with-parent.ts";
import { startGame } from "./server.ts";

const DEFAULT_PORT = 2567;
const HOST = "127.0.0.1";
const CLOSE_WITHIN_MS = 1_000;

function portFromEnvironment(): number {
  const given = process.env["PORT"];
  return given === undefined || given === "" ? DEFAULT_PORT : Number(given);
}

async function main(): Promise<void> {
  const port = portFromEnvironment();
  const game = startGame(port, process.env["HOST"] ?? HOST);
  endWithParent(() => {
    setTimeout(() => process.exit(EXIT_CODES.ok), CLOSE_WITHIN_MS).unref();
    return game.then((running) => running.close());
  });
  try {
    process.send?.({ listening: (await game).port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    process.stderr.write(
      `Port ${port} is taken by another program.\n` +
        `Choose another one: npm start -- --port ${port + 1}\n`,
    );
    process.exit(EXIT_CODES.portBusy);
  }
}

await main();
