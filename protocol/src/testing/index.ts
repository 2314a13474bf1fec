export { FakeClock } from "./fake-clock.ts";
export { fuzzDecoders, type FuzzTally } from "./fuzz-decoders.ts";
export { HostileFrames } from "./hostile-frames.ts";
export { type Accept, memoryTransport, type MemoryTransportOptions } from "./memory-transport.ts";
export { ScriptedSidecar, type ScriptedSidecarOptions, WELCOME } from "./scripted-sidecar.ts";
