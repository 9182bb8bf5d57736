// One accuracy metric over time with its 95 % band and the baseline's level, and beside it on how many labels it rests.
import { measurements } from "./api.js";
import { caption } from "./captions.js";
import { formatterOf, percent } from "./format.js";
import { drawLines } from "./linechart.js";
import { label, t } from "./text.js";

// [low, high] of a value; null where the sample is too small to have one.
function band({ parameters }) {
  const [low, high] = [parameters?.low ?? null, parameters?.high ?? null];
  return low === null || high === null ? null : [low, high];
}

// Both charts come from one answer; they are drawn and fail together.
export async function drawAccuracy(view) {
  const answer = await measurements(view, view.metric);
  const format = formatterOf(view.metric);
  const level = answer.items.map((item) => item.baseline_value).filter((value) => value !== null && value !== undefined).at(-1);
  const marks = level === undefined ? [] : [{ value: level, label: t("chart.baseline_line", { n: format(level) }), colour: "baseline" }];
  const shared = { step: view.step, zone: view.zone };
  drawLines("accuracy_line", {
    ...shared,
    series: [{ label: label("metric", view.metric), items: answer.items, colour: "series-1", format, band }],
    marks,
    zero: false,
    caption: caption(answer, { n: "chart.n_labelled", step: view.step }),
  });
  drawLines("coverage", {
    ...shared,
    series: [
      { label: t("metric.coverage"), items: answer.items, value: (item) => item.coverage ?? null, colour: "series-3", format: percent },
    ],
    top: 1.02,
    caption: caption(answer, { n: "chart.n_labelled", step: view.step, countsOnly: true }),
  });
}
