import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../support/sidecar-process.ts";
import { endAll, gone, type Process, TavernProcess, until } from "./tavern-process.ts";

const LONG_TEST_MS = 150_000;

const taverns: TavernProcess[] = [];
let everything: Process[] = [];

afterEach(() => {
  for (const tavern of taverns.splice(0)) everything.push(...tavern.tree());
  endAll(everything);
  everything = [];
});

function start(args: readonly string[], options = {}): TavernProcess {
  const tavern = new TavernProcess(args, options);
  taverns.push(tavern);
  return tavern;
}

/** A tavern whose page is open and whose model is warm. */
async function openTavern(options = {}): Promise<{
  readonly tavern: TavernProcess;
  readonly page: string;
  readonly tree: readonly Process[];
}> {
  const port = await freePort();
  const tavern = start(["--port", String(port)], options);
  await tavern.printed("first token in");
  await tavern.printed("Ctrl-C closes the tavern");
  const tree = tavern.tree();
  everything.push(...tree);
  return { tavern, page: `http://127.0.0.1:${port}`, tree };
}

async function isServed(page: string): Promise<boolean> {
  const response = await fetch(page).catch(() => undefined);
  return response?.ok === true && (await response.text()).includes("Last Orders");
}

function find(tree: readonly Process[], part: string): Process {
  const found = tree.find(({ command }) => command.includes(part));
  if (!found) throw new Error(`no process has ${part} in its command: ${JSON.stringify(tree)}`);
  return found;
}

describe("npm start", { timeout: LONG_TEST_MS }, () => {
  test("says where the page is, which model serves and its warm TTFT", async () => {
    const { tavern, page, tree } = await openTavern();
    expect(tavern.output).toContain(`http://localhost:${new URL(page).port}`);
    expect(tavern.output).toMatch(
      /banter-tiny\S*, served by the embedded engine at \S+, warm, first token in \d+ ms/,
    );
    expect(await isServed(page)).toBe(true);
    expect(tree.map(({ command }) => command).join("\n")).toContain("embedded-ollama");
    tavern.child.kill("SIGTERM");
    await gone(tree);
  });

  test.each([
    ["SIGINT to the group, as by a Ctrl-C,", "group", "SIGINT"],
    ["SIGTERM to the group", "group", "SIGTERM"],
    ["SIGINT to the supervisor alone", "alone", "SIGINT"],
    ["SIGTERM to the supervisor alone", "alone", "SIGTERM"],
  ] as const)("%s ends it with 0 and leaves no process", async (_title, whom, signal) => {
    const { tavern, page, tree } = await openTavern();
    if (whom === "group") tavern.signalGroup(signal);
    else tavern.child.kill(signal);
    expect(await tavern.exit).toEqual({ code: 0, signal: null });
    await gone(tree);
    expect(await isServed(page)).toBe(false);
  });

  test.each([["the supervisor"], ["its group"]])(
    "kill -9 of %s leaves no process",
    async (whom) => {
      const { tavern, page, tree } = await openTavern();
      if (whom === "its group") tavern.signalGroup("SIGKILL");
      else tavern.child.kill("SIGKILL");
      await gone(tree);
      expect(await isServed(page)).toBe(false);
    },
  );

  test("the death of whoever started it ends it", async () => {
    const { tavern, tree } = await openTavern();
    tavern.child.disconnect();
    expect(await tavern.exit).toEqual({ code: 0, signal: null });
    await gone(tree);
  });

  test("kill -9 of the bootstrap leaves no process", async () => {
    const { tavern, tree } = await openTavern({ throughBootstrap: true });
    expect(tree.length).toBeGreaterThanOrEqual(5);
    tavern.child.kill("SIGKILL");
    await gone(tree);
  });

  test("SIGINT to the bootstrap's group ends it with 0", async () => {
    const { tavern, tree } = await openTavern({ throughBootstrap: true });
    tavern.signalGroup("SIGINT");
    expect(await tavern.exit).toEqual({ code: 0, signal: null });
    await gone(tree);
  });

  test("a sidecar that dies is started again while the page stays", async () => {
    const { tavern, page, tree } = await openTavern();
    process.kill(find(tree, "banterwire.js").pid, "SIGKILL");
    await tavern.printed("The sidecar ended (SIGKILL)");
    expect(await isServed(page)).toBe(true);
    await until(
      () => tavern.tree().length === tree.length,
      () => `not complete again: ${JSON.stringify(tavern.tree())}`,
    );
    everything.push(...tavern.tree());
    expect(find(tavern.tree(), "banterwire.js").pid).not.toBe(find(tree, "banterwire.js").pid);
    tavern.child.kill("SIGTERM");
    await gone(everything);
  });

  test("a game server that dies is started again on its port", async () => {
    const { tavern, page, tree } = await openTavern();
    process.kill(find(tree, "main.ts").pid, "SIGKILL");
    await tavern.printed("The game server ended (SIGKILL)");
    await until(
      () => isServed(page),
      () => "the page did not come back",
    );
    expect(find(tavern.tree(), "main.ts").pid).not.toBe(find(tree, "main.ts").pid);
    everything.push(...tavern.tree());
    tavern.child.kill("SIGTERM");
    await gone(everything);
  });

  test("a busy port ends it with 3 and says how to choose another one", async () => {
    const port = await freePort();
    const other = createServer().listen(port, "127.0.0.1");
    await once(other, "listening");
    const tavern = start(["--port", String(port)]);
    expect(await tavern.exit).toEqual({ code: 3, signal: null });
    expect(tavern.output).toContain(`Port ${port} is taken`);
    expect(tavern.output).toContain(`npm start -- --port ${port + 1}`);
    other.close();
  });

  test.each([
    [["--port", "no"], "--port"],
    [["--budget-ms", "0"], "--budget-ms"],
    [["--ollama", "::nonsense::"], "--ollama"],
    [["--unknown"], "--unknown"],
  ])("%j ends it with 2 and names the flag", async (args, flag) => {
    const tavern = start(args);
    expect(await tavern.exit).toEqual({ code: 2, signal: null });
    expect(tavern.output).toContain(flag);
  });
});
