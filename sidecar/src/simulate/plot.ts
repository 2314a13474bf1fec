import { EXIT_CODES, StartError } from "../start-error.ts";
import type { Knob, Sweep } from "./sweep.ts";
import type { Run } from "./table.ts";

/** Nobody hovers over a picture in a file. */
const STILL = { silent: true, emphasis: { disabled: true } } as const;
const SIZE = { width: 720, height: 400 };

/**
 * Loads the chart library, which is no part of an installation unless it is asked for.
 * @throws StartError that says how to get it
 */
export async function loadCharts(): Promise<void> {
  await charts();
}

/** Both hit rates as an SVG picture: over the first sweep, a colour for each value of the second; or over time. */
export async function plotOf(runs: readonly Run[], sweeps: readonly Sweep[]): Promise<string> {
  const { init } = await charts();
  const chart = init(null, null, { renderer: "svg", ssr: true, ...SIZE });
  const [across, curves] = sweeps;
  const series = across ? sweptSeries(runs, across.knob, curves) : timeSeries(runs);
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    legend: { top: 8, itemWidth: 30, ...STILL, selectedMode: false },
    grid: { left: 72, right: 24, top: 72, bottom: 48 },
    xAxis: {
      type: "value",
      name: across ? NAMES[across.knob] : "seconds",
      nameLocation: "middle",
      nameGap: 30,
      scale: true,
    },
    yAxis: {
      type: "value",
      name: "hit rate",
      nameLocation: "middle",
      nameGap: 44,
      min: 0,
      max: 1,
      axisLabel: { formatter: percent },
    },
    series,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return renumbered(svg);
}

/** The library numbers its ids over the life of a process; the same picture is to be the same bytes. */
function renumbered(svg: string): string {
  const names = new Map<string, string>();
  return svg.replaceAll(/\bzr\d+-c(?:ls-)?\d+/gu, (id) => {
    const name = names.get(id) ?? `c${names.size}`;
    names.set(id, name);
    return name;
  });
}

const NAMES: Readonly<Record<Knob, string>> = {
  players: "players",
  rooms: "rooms",
  characters: "characters in each room",
  endpoints: "endpoints",
  slots: "slots",
  "budget-ms": "budget, ms",
  minutes: "minutes",
  seed: "seed",
};

/** The model's as a solid line, any line's as a dashed one. */
const RATES = [
  { key: "modelHitRate", words: "model", type: "solid" },
  { key: "anyHitRate", words: "any line", type: "dashed" },
] as const;

function sweptSeries(runs: readonly Run[], across: Knob, curves: Sweep | undefined) {
  const values = curves ? curves.values : [undefined];
  return values.flatMap((value, index) => {
    const own = runs.filter(({ set }) => !curves || set[curves.knob] === value);
    const label = curves ? `, ${NAMES[curves.knob]}: ${value}` : "";
    return RATES.map(({ key, words, type }) =>
      line(
        `${words}${label}`,
        type,
        index,
        own.map(({ set, figures }) => [set[across] ?? 0, figures[key]]),
      ),
    );
  });
}

function timeSeries(runs: readonly Run[]) {
  const { timeline = [], endpoints = [] } = runs[0]?.figures ?? {};
  const rates = RATES.map(({ key, words, type }) =>
    line(
      words,
      type,
      0,
      timeline.map((part) => [part.fromSeconds, part[key]]),
    ),
  );
  if (endpoints.length < 2) return rates;
  const shares = endpoints.map(({ name }, index) =>
    line(
      `model, by ${name}`,
      "solid",
      index + 1,
      timeline.map((part) => [part.fromSeconds, part.modelHitRateBy[index] ?? null]),
    ),
  );
  return [...rates, ...shares];
}

function line(
  name: string,
  type: "solid" | "dashed",
  colour: number,
  data: readonly (readonly [number, number | null])[],
) {
  const hue = COLOURS[colour % COLOURS.length] ?? "#000000";
  return {
    name,
    type: "line" as const,
    ...STILL,
    data: data.map(([x, y]) => [x, y]),
    symbolSize: 6,
    lineStyle: { type, width: 2 },
    itemStyle: { color: hue },
  };
}

const COLOURS = ["#4269d0", "#efb118", "#ff725c", "#3ca951", "#a463f2", "#9c6b4e", "#6cc5b0"];

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** Of the whole library, what lines take. */
async function charts() {
  try {
    const [core, { LineChart }, { GridComponent, LegendComponent }, { SVGRenderer }] =
      await Promise.all([
        import("echarts/core"),
        import("echarts/charts"),
        import("echarts/components"),
        import("echarts/renderers"),
      ]);
    core.use([LineChart, GridComponent, LegendComponent, SVGRenderer]);
    return core;
  } catch (error) {
    throw new StartError(
      "charts_missing",
      EXIT_CODES.usage,
      `The chart library for --plot is not there: ${error instanceof Error ? error.message : String(error)}`,
      "Install it beside the sidecar: npm install echarts@6",
    );
  }
}
