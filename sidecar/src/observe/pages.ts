import type { SidecarStatus } from "../status.ts";

/** A page for operators. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface PageSources {
  status(): SidecarStatus;
  /** Undefined where metrics are not kept. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> } | undefined;
}

/** Whether the sidecar lives, whether it is of use, and how it does. Undefined is a 404. */
export async function pageAt(path: string, sources: PageSources): Promise<Page | undefined> {
  const { metrics } = sources;
  switch (path) {
    case "/status":
      return json(200, sources.status());
    case "/healthz":
      return json(200, { alive: true });
    case "/readyz": {
      const { endpoints } = sources.status();
      const { state, trouble } = endpoints.find((one) => one.state === "warm") ??
        endpoints[0] ?? { state: "starting", trouble: null };
      return json(state === "warm" ? 200 : 503, { ready: state === "warm", state, trouble });
    }
    case "/metrics":
      if (!metrics) return undefined;
      return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
    default:
      return undefined;
  }
}

function json(status: number, value: object): Page {
  return { status, contentType: "application/json", body: `${JSON.stringify(value)}\n` };
}
