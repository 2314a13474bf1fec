import type { EndpointStatus } from "./upstream/endpoint.ts";

/** What a sidecar tells at `/status`. */
export interface SidecarStatus {
  readonly version: string;
  readonly uptimeMs: number;
  readonly endpoint: EndpointStatus & { readonly kind: "ollama" | "embedded" };
  readonly connections: number;
  readonly rooms: number;
  /** Lines that have not ended. */
  readonly lines: number;
}
