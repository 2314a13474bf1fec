import { type SchemaType, schema, t } from "@colyseus/schema";

export const PlayerState = schema({
  name: t.string(),
  /** World units. */
  x: t.float32(),
  y: t.float32(),
  /** Of the cloak, degrees. */
  hue: t.uint16(),
  /** False while the connection is lost and may come back. */
  present: t.boolean(),
});
export type PlayerState = SchemaType<typeof PlayerState>;

/** Who answers, as the sidecar tells it; and how many cues were answered in time. */
export const ServiceState = schema({
  /** Name of the model that serves; empty where none is known. */
  model: t.string(),
  /** "ollama", "embedded", or empty where none is known. */
  kind: t.string(),
  /** "starting", "loading", "warm", "checking", "down", or "unreachable": the sidecar itself does not answer. */
  state: t.string(),
  cues: t.uint32(),
  modelHits: t.uint32(),
  anyHits: t.uint32(),
});
export type ServiceState = SchemaType<typeof ServiceState>;

export const TavernState = schema({
  players: t.map(PlayerState),
  service: t.ref(ServiceState),
});
export type TavernState = SchemaType<typeof TavernState>;
