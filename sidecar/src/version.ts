import packageJson from "../package.json" with { type: "json" };

export const SIDECAR_VERSION: string = packageJson.version;
