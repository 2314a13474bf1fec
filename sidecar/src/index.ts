export type { Card, Cards } from "./config/card.ts";
export { DEFAULT_CONFIG, type SidecarConfig } from "./config.ts";
export { createLog, type Log } from "./log.ts";
export { type Sidecar, startSidecar } from "./server.ts";
export { EXIT_CODES, StartError } from "./start-error.ts";
export { type SidecarStatus, sidecarStatus } from "./status.ts";
