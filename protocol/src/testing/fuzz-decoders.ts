import { type Code, CODES, ProtocolError } from "../codes.ts";
import { decodeDown, decodeUp, encode, type UnknownMessage } from "../codec.ts";
import type { Down } from "../down.ts";
import type { Up } from "../up.ts";
import { HostileFrames } from "./hostile-frames.ts";

type Decoded = Up | Down | UnknownMessage;

/** How often frames were taken, were of an unknown type, or were refused with which code. */
export type FuzzTally = Record<string, number>;

/**
 * Puts hostile frames through both decoders. What is taken must make the same bytes when it has
 * been encoded and decoded once more.
 *
 * @throws Error with the seed, the number and the bytes of the first frame at which a decoder does
 *   anything but give a message or a ProtocolError that has a code
 */
export function fuzzDecoders(seed: number, count: number): FuzzTally {
  const frames = new HostileFrames(seed);
  const tally: FuzzTally = {};
  for (let index = 0; index < count; index++) {
    const frame = frames.next();
    for (const decode of [decodeUp, decodeDown]) {
      try {
        const outcome = outcomeOf(decode, frame);
        tally[outcome] = (tally[outcome] ?? 0) + 1;
      } catch (error) {
        const hex = Buffer.from(frame).toString("hex");
        throw new Error(`seed ${seed}, frame ${index}, ${decode.name}: ${hex}`, { cause: error });
      }
    }
  }
  return tally;
}

function outcomeOf(decode: (bytes: Uint8Array) => Decoded, frame: Uint8Array): string {
  let message: Decoded;
  try {
    message = decode(frame);
  } catch (error) {
    if (error instanceof ProtocolError && Object.hasOwn(CODES, error.code)) {
      return error.code satisfies Code;
    }
    throw error;
  }
  if (message.kind === "unknown") return "unknown";
  const bytes = encode(message);
  if (!encode(decode(bytes) as Up | Down).equals(bytes)) {
    throw new Error(`${message.kind} does not come out as it went in`);
  }
  return "taken";
}
