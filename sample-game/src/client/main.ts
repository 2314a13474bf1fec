import { type BanterWatch, watchBanter, type WatchedLine } from "@banterwire/colyseus/client";
import type { Said } from "../messages.ts";
import { PATRONS } from "../patrons.ts";
import { whoHears } from "../who-hears.ts";
import { Bubbles } from "./bubbles.ts";
import { toWorld } from "./camera.ts";
import { element } from "./element.ts";
import { listenToLegs } from "./legs.ts";
import { Link, type LinkState, type TavernLink } from "./link.ts";
import { Meter } from "./meter.ts";
import { OwnTrips } from "./own-trips.ts";
import { PatronSpeech, type SpeechStage } from "./patron-speech.ts";
import { Scene, type ShownPlayer } from "./scene.ts";
import { Told } from "./told.ts";
import { Voice } from "./voice.ts";

const PING_EVERY_MS = 2_000;
/** Thirty pictures a second: the model may need the same processor. */
const FRAME_MS = 30;
const MS_PER_CHARACTER = 60;
const MIN_SHOWN_MS = 2_500;

const CONNECTION_WORDS = {
  joining: "joining",
  open: "connected",
  dropped: "reconnecting",
  lost: "connection lost",
} as const satisfies Record<LinkState["name"], string>;

const stage = element("stage", HTMLElement);
const scene = new Scene(element("canvas", HTMLCanvasElement));
const bubbles = new Bubbles(element("bubbles", HTMLElement));
const told = new Told(element("log", HTMLElement));
const meter = new Meter();
const ownTrips = new OwnTrips((elapsedMs) => meter.ownTrip(elapsedMs));
const nameField = element("name", HTMLInputElement);
const voice = new Voice((text) => void talk(text));
const link = new Link(new URLSearchParams(location.search).get("name") ?? "", {
  changed: showConnection,
  joined: enter,
});
let watch: BanterWatch | undefined;

listenToLegs(stage, {
  steer: (direction) => link.room?.send("steer", direction),
  walkTo: (place) => {
    const { x, y } = toWorld(scene.camera, place);
    link.room?.send("walkTo", { x: Math.max(0, x), y: Math.max(0, y) });
  },
});

nameField.addEventListener("change", () => link.rename(nameField.value));

setInterval(() => link.room?.ping((roundTripMs) => meter.ping(roundTripMs)), PING_EVERY_MS);

let refreshedMs = 0;
requestAnimationFrame(function frame(nowMs) {
  requestAnimationFrame(frame);
  if (nowMs - refreshedMs >= FRAME_MS) {
    refreshedMs = nowMs;
    refresh(nowMs);
  } else if (bubbles.haveGrown) {
    // Else the browser would paint what has grown outside of its place.
    bubbles.place(scene, nowMs);
  }
});

// A page that closes says so; one that breaks off keeps its seat for a while.
addEventListener("pagehide", () => void link.room?.leave());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});

function refresh(nowMs: number): void {
  const state = link.state;
  const room = "room" in state ? state.room : undefined;
  // The SDK's state is empty until the first patch.
  const players = new Map<string, ShownPlayer>(room?.state?.players?.entries() ?? []);
  const me = room?.sessionId;
  const self = me === undefined ? undefined : players.get(me);
  const hearer = self && whoHears(self);
  scene.draw({ players, me, speaking: bubbles.speaking, listener: hearer?.id }, nowMs);
  bubbles.place(scene, nowMs);
  voice.listener(hearer?.name);
  if (room?.state?.service) meter.service(room.state.service);
  if (self && document.activeElement !== nameField) nameField.value = self.name;
}

function enter(room: TavernLink): void {
  watch?.stop();
  bubbles.clear();
  room.onMessage("said", hearPlayer);
  watch = watchBanter(room, new PatronSpeech({ show: showLine, end: endLine, hush }));
  told.add({ kind: "news", text: "You come in from the cold." });
}

function showConnection(state: LinkState): void {
  const place = element("connection", HTMLElement);
  place.dataset["state"] = state.name;
  place.textContent = CONNECTION_WORDS[state.name];
  stage.dataset["away"] = String(state.name !== "open");
}

function showLine({ id, npc, source, text }: WatchedLine): void {
  ownTrips.began(id, performance.now());
  bubbles.show(npc, { kind: "patron", name: nameOf(npc), text, source });
}

const endLine: SpeechStage["end"] = ({ npc, source, text, end }) => {
  const name = nameOf(npc);
  bubbles.finish(npc, end.displayMs);
  meter.line({ name, source, reason: end.reason, ttftMs: end.ttftMs });
  // After the meter, whose growth takes room from the list.
  told.add({ kind: "patron", name, text, source });
};

function hush(patron: string): void {
  bubbles.finish(patron, 0);
}

function hearPlayer({ player, name, text }: Said): void {
  bubbles.show(player, { kind: "player", name, text, source: "player" });
  bubbles.finish(player, Math.max(MIN_SHOWN_MS, text.length * MS_PER_CHARACTER));
  told.add({ kind: "player", name, text });
}

async function talk(text: string): Promise<void> {
  const { room } = link;
  if (!room)
    return voice.warn("Nobody hears you: the connection is gone. It comes back by itself.");
  const spokenMs = performance.now();
  try {
    const { heardBy, line } = await room.request("talk", { text });
    if (line !== null) ownTrips.answers(line, spokenMs);
    if (heardBy === null) voice.warn("Nobody is near enough to hear that. Walk up to somebody.");
  } catch (error) {
    voice.warn(error instanceof Error ? error.message : String(error));
  }
}

function nameOf(patron: string): string {
  return PATRONS.find(({ id }) => id === patron)?.name ?? patron;
}
