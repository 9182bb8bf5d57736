// Requests, errors and latency over arrival time. Calls are not counted by segment: these are of all traffic.
import { measurements } from "./api.js";
import { caption } from "./captions.js";
import { count, formatterOf } from "./format.js";
import { drawLines } from "./linechart.js";
import { label, t } from "./text.js";

export const serviceCharts = { volume, errors, latency };

const CLASSES = 5;

// The stretch of arrival time that the server chose, which need not be the range of the other charts.
const arrived = (view) => ({ ...view, start: view.serviceStart, end: view.serviceEnd, step: view.serviceStep, segment: "" });

const read = (view, metrics) => Promise.all(metrics.map((metric) => measurements(arrived(view), metric)));

const series = (metric, answer, extra) => ({ label: label("metric", metric), items: answer.items, format: formatterOf(metric), ...extra });

const common = (view) => ({ step: view.serviceStep, zone: view.zone });

async function volume(view) {
  const [requests, predictions] = await read(view, ["requests", "predictions"]);
  drawLines("volume", {
    ...common(view),
    series: [
      series("requests", requests, { colour: "series-1", fill: true }),
      series("predictions", predictions, { colour: "series-2" }),
    ],
    caption: caption(requests, { n: "chart.n_requests", step: view.serviceStep }),
  });
}

async function errors(view) {
  const [rate, total] = await read(view, ["error_rate", "errors"]);
  drawLines("errors", {
    ...common(view),
    series: [
      series("error_rate", rate, { colour: "series-2" }),
      series("errors", total, { legendOnly: true }),
    ],
    caption: caption(rate, { n: "chart.n_requests", step: view.serviceStep, extra: classes(total.items) }),
  });
}

// The most frequent classes of errors over the whole chart: "RuntimeError 60, KeyError 2".
function classes(items) {
  const totals = new Map();
  for (const [name, n] of items.flatMap((item) => Object.entries(item.parameters?.by_class ?? {}))) {
    const bare = name.slice(name.indexOf(":") + 1);
    totals.set(bare, (totals.get(bare) ?? 0) + n);
  }
  const named = [...totals].sort((a, b) => b[1] - a[1]).slice(0, CLASSES).map(([name, n]) => `${name} ${count(n)}`);
  return named.length ? t("chart.by_class", { classes: named.join(", ") }) : "";
}

async function latency(view) {
  const quantiles = ["latency_p50", "latency_p95", "latency_p99"];
  const answers = await read(view, quantiles);
  drawLines("latency", {
    ...common(view),
    series: answers.map((answer, i) => series(quantiles[i], answer, { colour: `series-${i + 1}` })),
    caption: caption(answers[1], { n: "chart.n_requests", step: view.serviceStep }),
  });
}
