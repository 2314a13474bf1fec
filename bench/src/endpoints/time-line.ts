import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkAreaComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type Answer, isModelHit } from "./tavern.ts";

const SIZE = { width: 720, height: 360 };
const BIN_MS = 1_000;

/** Both hit rates over time as an SVG picture; in the shaded part one of the endpoints is dead. */
export function timeLineOf(
  answers: readonly Answer[],
  budgetMs: number,
  dead: { readonly fromMs: number; readonly toMs: number },
): string {
  use([LineChart, GridComponent, LegendComponent, MarkAreaComponent, SVGRenderer]);
  const chart = init(null, null, { renderer: "svg", ssr: true, ...SIZE });
  const isAnyHit = ({ result: { ttftMs } }: Answer): boolean =>
    ttftMs !== undefined && ttftMs <= budgetMs;
  const still = { type: "line", silent: true, symbolSize: 5 } as const;
  const area = [[{ xAxis: dead.fromMs / 1_000 }, { xAxis: dead.toMs / 1_000 }]];
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    legend: { top: 8 },
    grid: { left: 72, right: 24, top: 56, bottom: 48 },
    xAxis: { type: "value", name: "seconds", nameLocation: "middle", nameGap: 30 },
    yAxis: { type: "value", name: "hit rate", nameLocation: "middle", nameGap: 44, min: 0, max: 1 },
    series: [
      {
        ...still,
        name: "model",
        data: rateBySecond(answers, ({ result }) => isModelHit(result, budgetMs)),
        markArea: { silent: true, itemStyle: { color: "#eeeeee" }, data: area },
      },
      {
        ...still,
        name: "any line",
        lineStyle: { type: "dashed" },
        data: rateBySecond(answers, isAnyHit),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
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
  return [...bins].sort(([a], [b]) => a - b).map(([second, { all, hits }]) => [second, hits / all]);
}
