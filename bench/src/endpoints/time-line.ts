import { LineChart } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type Answer, isModelHit } from "./tavern.ts";

const SIZE = { width: 840, height: 420 };
const BIN_MS = 1_000;
const [MODEL_COLOUR, ANY_COLOUR, DEATH_COLOUR] = ["#4269d0", "#e08a00", "#b3261e"];
const FONT = { fontSize: 13, color: "#333333" };

export interface Death {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Both hit rates by the second as an SVG picture, with the death of one endpoint and its return. */
export function timeLineOf(answers: readonly Answer[], budgetMs: number, dead: Death): string {
  use([
    LineChart,
    GridComponent,
    LegendComponent,
    MarkAreaComponent,
    MarkLineComponent,
    TitleComponent,
    SVGRenderer,
  ]);
  const chart = init(null, null, { renderer: "svg", ssr: true, ...SIZE });
  const isAnyHit = ({ result: { ttftMs } }: Answer): boolean =>
    ttftMs !== undefined && ttftMs <= budgetMs;
  const still = { type: "line", silent: true, symbolSize: 4 } as const;
  const axis = { nameLocation: "middle", nameTextStyle: FONT, axisLabel: FONT } as const;
  const { length } = answers;
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: {
      text: "One of two Ollamas is killed, and comes back",
      subtext: `share of cues with text within ${budgetMs} ms, by the second; ${length} cues in all`,
      left: "center",
      top: 10,
      textStyle: { fontSize: 16, color: "#111111" },
      subtextStyle: FONT,
    },
    legend: { bottom: 8, itemWidth: 30, textStyle: FONT },
    grid: { left: 76, right: 32, top: 92, bottom: 84 },
    xAxis: { ...axis, type: "value", name: "seconds since the first cue", nameGap: 30 },
    yAxis: {
      ...axis,
      type: "value",
      name: "hit rate",
      nameGap: 50,
      min: 0,
      max: 1,
      axisLabel: { ...FONT, formatter: (share: number) => `${Math.round(share * 100)}%` },
    },
    series: [
      {
        ...still,
        name: "any line",
        color: ANY_COLOUR,
        lineStyle: { type: "dashed", width: 2 },
        data: rateBySecond(answers, isAnyHit),
      },
      {
        ...still,
        name: "from the model",
        color: MODEL_COLOUR,
        lineStyle: { width: 2 },
        data: rateBySecond(answers, ({ result }) => isModelHit(result, budgetMs)),
        ...marksOf(dead),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function marksOf({ fromMs, toMs }: Death) {
  const [from, to] = [fromMs / 1_000, toMs / 1_000];
  const label = { ...FONT, color: DEATH_COLOUR, formatter: "{b}" };
  return {
    markArea: {
      silent: true,
      itemStyle: { color: "#f3e3e1" },
      data: [[{ xAxis: from }, { xAxis: to }]],
    },
    markLine: {
      silent: true,
      symbol: "none",
      lineStyle: { type: "solid", color: DEATH_COLOUR },
      label,
      data: [
        { xAxis: from, name: "killed" },
        { xAxis: to, name: "started again" },
      ],
    },
  };
}

function rateBySecond(
  answers: readonly Answer[],
  isHit: (answer: Answer) => boolean,
): [number, number][] {
  const bins = new Map<number, { all: number; hits: number }>();
  for (const answer of answers) {
    const second = Math.floor(answer.atMs / BIN_MS);
    const bin = bins.get(second) ?? { all: 0, hits: 0 };
    bins.set(second, { all: bin.all + 1, hits: bin.hits + Number(isHit(answer)) });
  }
  const middle = BIN_MS / 2_000;
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([second, { all, hits }]) => [second + middle, hits / all]);
}
