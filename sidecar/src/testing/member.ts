import { PRIORITIES } from "@banterwire/protocol";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { MemberSpec } from "../upstream/fleet-member.ts";

/** An endpoint of a fleet that is for every cue. */
export function memberOf(endpoint: Endpoint, spec: Partial<MemberSpec> = {}): MemberSpec {
  const { slots } = endpoint.status;
  const name = "ollama";
  return { endpoint, name, place: name, slots, serves: PRIORITIES, characters: [], ...spec };
}
