// Reserved columns over time: the share of predictions that a rule marked.
import { moments } from "./api.js";
import { chart, showMessage } from "./dom.js";
import { count, percent, stepName } from "./format.js";
import { drawLines } from "./linechart.js";
import { label, t } from "./text.js";

export async function drawMoments(view, name) {
  const items = await moments(view, chart(name).figure.dataset.column);
  const n = items.reduce((total, item) => total + item.n, 0);
  if (!n) {
    showMessage(chart(name), t("empty.no_rows"));
    return;
  }
  drawLines(name, {
    step: view.step, zone: view.zone,
    series: [{ label: t("chart.share_true"), items, value: (item) => item.share_true, colour: "series-1", format: percent }],
    caption: [t("chart.n_predictions", { n: count(n) }), stepName(view.step), t("chart.method", { method: label("method", "share_of_rows") })].join(" · "),
  });
}
