// Reserved columns over time: the mean of a custom metric with its extremes, the share of predictions that a rule marked; events as lines.
import { events, moments } from "./api.js";
import { chart, showMessage } from "./dom.js";
import { count, number, percent, stepName } from "./format.js";
import { drawLines } from "./linechart.js";
import { t } from "./text.js";

export async function drawMoments(view, name) {
  const { column, of, events: wanted } = chart(name).figure.dataset;
  const [items, happened] = await Promise.all([moments(view, column), wanted === undefined ? [] : events(view)]);
  const n = items.reduce((total, item) => total + item.n, 0);
  if (!n) {
    showMessage(chart(name), t("empty.no_rows"));
    return;
  }
  const extremes = (item) => (item.minimum === null ? null : [item.minimum, item.maximum]);
  const line = { label: t(`chart.${of}`), items, value: (item) => item[of], colour: "series-1", format: of === "mean" ? number : percent };
  drawLines(name, {
    step: view.step, zone: view.zone, zero: of !== "mean",
    series: [of === "mean" ? { ...line, band: extremes, bandLabel: t("chart.range") } : line],
    moments: happened.map((one) => ({ at: Date.parse(one.at) / 1000, label: one.text || one.kind })),
    caption: ["n = " + count(n), stepName(view.step)].join(" · "),
  });
}
