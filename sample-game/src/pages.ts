import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";
import type { Application } from "express";

const CLIENT = fileURLToPath(new URL("./client/", import.meta.url));

/** What the browser is served. */
export interface Pages {
  readonly html: string;
  readonly css: string;
  readonly js: string;
}

/** Bundles the browser's side in memory, in well under a second: there is nothing to build before. */
export async function loadPages(): Promise<Pages> {
  const [html, css, bundle] = await Promise.all([
    readFile(`${CLIENT}index.html`, "utf8"),
    readFile(`${CLIENT}style.css`, "utf8"),
    build({
      entryPoints: [`${CLIENT}main.ts`],
      bundle: true,
      write: false,
      format: "esm",
      target: "es2022",
      minify: true,
      sourcemap: "inline",
      // Only the game's own names are worth finding in the browser's debugger.
      sourcesContent: false,
      conditions: ["@banterwire/source", "browser", "module"],
      logLevel: "silent",
    }),
  ]);
  // Its helper process has done its work.
  await stop();
  return { html, css, js: bundle.outputFiles[0]?.text ?? "" };
}

const SECURITY_HEADERS = {
  // The page runs its own script only: what a player or a model wrote can never become one.
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
} as const;

export function servePages(app: Application, { html, css, js }: Pages): void {
  const serve = (path: string, type: string, body: string): void => {
    app.get(path, (_request, response) => {
      response.set(SECURITY_HEADERS).type(type).send(body);
    });
  };
  serve("/", "html", html);
  serve("/style.css", "css", css);
  serve("/main.js", "js", js);
  app.get("/favicon.ico", (_request, response) => {
    response.status(204).end();
  });
}
