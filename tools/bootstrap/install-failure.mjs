import { spawnSync } from "node:child_process";
import { Unmet } from "./unmet.mjs";

const OLDEST_NPM_MAJOR = 9;
/** The cause comes first; after it npm may print its whole manual. */
const MAX_SHOWN_LINES = 20;

/** @type {{ sign: RegExp, what: string, remedy: string }[]} the first sign found names the cause */
const CAUSES = [
  {
    sign: /spawn npm(\.cmd)? ENOENT|'npm(\.cmd)?' is not recognized/,
    what: "npm was not found.",
    remedy: "Install Node.js with npm from https://nodejs.org and run the command again.",
  },
  {
    sign: /ENOSPC/,
    what: "The disk is full.",
    remedy: "Free about 1 GB where this folder and npm's cache are, then run the command again.",
  },
  {
    sign: /EROFS/,
    what: "This folder is read-only.",
    remedy: "Copy the repository to a folder that you may write to, and run the command there.",
  },
  {
    sign: /EACCES|EPERM|EBUSY/,
    what: "A file could not be written.",
    remedy:
      "Make this folder and npm's cache (npm config get cache) yours, end programs that use node_modules, " +
      "then run the command again. Do not use sudo.",
  },
  {
    sign: /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_/,
    what: "The registry's certificate is not trusted, as happens behind a proxy that opens TLS.",
    remedy:
      "Set NODE_EXTRA_CA_CERTS to your network's certificate file, then run the command again.",
  },
  {
    sign: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|FETCH_ERROR/,
    what: "The npm registry could not be reached.",
    remedy:
      "Check the network (behind a proxy: npm config set proxy URL; see also npm config get registry), " +
      "then run the command again.",
  },
  {
    sign: /E401|E403/,
    what: "The npm registry refused access.",
    remedy:
      "Check npm config get registry and your login there (npm login), then run the command again.",
  },
  {
    sign: /E404|ETARGET/,
    what: "The npm registry in use does not have a package that is needed.",
    remedy:
      "Use a complete registry (npm config get registry says which is set), then run the command again.",
  },
  {
    sign: /EINTEGRITY/,
    what: "A downloaded package was damaged.",
    remedy: "Run npm cache verify, then run the command again.",
  },
  {
    sign: /in sync|EUSAGE/,
    what: "package.json and package-lock.json do not fit together.",
    remedy:
      "Without changes of your own: git checkout package.json package-lock.json. " +
      "After changing dependencies: npm install. Then run the command again.",
  },
];

/**
 * @param {string} output what npm printed, or the error of a file operation
 * @param {string} root
 */
export function describeFailure(output, root) {
  const cause = CAUSES.find(({ sign }) => sign.test(output));
  const lines = output.trim().split("\n").slice(0, MAX_SHOWN_LINES).join("\n");
  const shown = lines === "" ? "" : `\n\nnpm said:\n${lines}`;
  const old = tooOldNpm(output);
  return new Unmet(
    `The dependencies could not be installed in ${root}. ${old ?? cause?.what ?? "npm ci failed."}`,
    (old === undefined
      ? (cause?.remedy ?? "npm's words below say why; when that is mended, run the command again.")
      : `Install a newer one: npm install --global npm@11, then run the command again.`) + shown,
  );
}

/**
 * Asked only after a failure: an old npm fails in many ways, none of which names its age.
 * @param {string} output
 */
function tooOldNpm(output) {
  if (/spawn npm/.test(output)) return undefined;
  const asked = spawnSync("npm", ["--version"], {
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const version = asked.status === 0 ? asked.stdout.trim() : "";
  const major = Number.parseInt(version, 10);
  if (Number.isNaN(major) || major >= OLDEST_NPM_MAJOR) return undefined;
  return `npm ${version} is too old; ${OLDEST_NPM_MAJOR} or newer is needed.`;
}
