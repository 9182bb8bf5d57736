// Requests, errors and latency over time.
import { measurements } from "./api.js";
import { caption } from "./captions.js";
import { formatterOf } from "./format.js";
import { drawLines } from "./linechart.js";
import { label } from "./text.js";

export const serviceCharts = { volume, errors, latency };

async function read(view, metrics) {
  return Promise.all(metrics.map((metric) => measurements(view, metric, { step: view.serviceStep })));
}

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
    caption: caption(rate, { n: "chart.n_requests", step: view.serviceStep }),
  });
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
