import { setFlagsFromString } from "node:v8";
import type { Dispatcher } from "undici";
// File by file: all of the package is 12 MB more, with fetch, caches, mocks and WebSockets.
import requestOf from "undici/lib/api/api-request.js";
import Pool from "undici/lib/dispatcher/pool.js";

export { Pool };

/**
 * About the bytes of undici's HTTP parser, which is WebAssembly, that run before V8 optimises it; V8's
 * own 13e6 are spent on a handful of responses, and the optimiser takes 16 MB. A sidecar that rests
 * stays small; one at work has its parser optimised within minutes.
 */
const PARSER_TIERING_BUDGET = 2_000_000_000;

setFlagsFromString(`--wasm-tiering-budget=${PARSER_TIERING_BUDGET}`);

/** A whole call over a dispatcher, for answers that are no streams of text. */
export function request(
  dispatcher: Dispatcher,
  options: Dispatcher.RequestOptions,
): Promise<Dispatcher.ResponseData> {
  return requestOf.call(dispatcher, options);
}
