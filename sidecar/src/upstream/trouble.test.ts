import { expect, test } from "vitest";
import { RefusedError } from "./ollama-control.ts";
import { silent } from "./trouble.ts";

function failed(code: string, message = "it failed"): Error {
  return Object.assign(new Error(message), { code });
}

test.each([
  [new RefusedError("/api/version", 401, "who are you?"), "not_admitted", "authorizationFile"],
  [new RefusedError("/api/version", 403, "no"), "not_admitted", "authorizationFile"],
  [new RefusedError("/api/version", 500, "no"), "ollama_silent", "ollama serve"],
  [failed("DEPTH_ZERO_SELF_SIGNED_CERT"), "certificate", "caFile"],
  [failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "certificate", "caFile"],
  [failed("ERR_TLS_CERT_ALTNAME_INVALID"), "certificate", "made out to the name"],
  [failed("CERT_HAS_EXPIRED"), "certificate", "expired"],
  [failed("UND_ERR_SOCKET", "other side closed"), "ollama_silent", "begins with https://"],
  [failed("HPE_INVALID_CONSTANT"), "ollama_silent", "begins with https://"],
  [failed("ECONNRESET", "before secure TLS connection"), "ollama_silent", "begins with http://"],
  [failed("ECONNREFUSED"), "ollama_silent", "ollama serve"],
])("%s is told as %s, with what to do: %s", (error, code, remedy) => {
  const trouble = silent(error);
  expect(trouble.code).toBe(code);
  expect(trouble.remedy).toContain(remedy);
  expect(trouble.message).toContain(error.message);
});

test("nobody who is merely not there is said to speak TLS", () => {
  expect(silent(failed("ECONNREFUSED")).remedy).not.toContain("TLS");
  expect(silent(failed("ECONNRESET", "read ECONNRESET")).remedy).not.toContain("TLS");
});
