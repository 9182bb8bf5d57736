// Metrics of the user's own over time, beside the baseline that people stated and the limits of their monitors; events as lines down.
import { events, measurements } from "./api.js";
import { caption } from "./captions.js";
import { chart, showMessage } from "./dom.js";
import { count, number } from "./format.js";
import { drawLines } from "./linechart.js";
import { label, t } from "./text.js";

export async function drawOwn(view, name) {
  const { own: column, statistic: metric, unit, limits } = chart(name).figure.dataset;
  const all = { ...view, segment: "" }; // they belong to no segment
  const ask = (one) => measurements(all, one, { column });
  const around = metric === "custom_mean" ? ["custom_min", "custom_max"] : [];
  const [answer, happened, ...extremes] = await Promise.all([ask(metric), events(all), ...around.map(ask)]);
  const newest = answer.items.filter((item) => item.value !== null).at(-1);
  if (!newest && !answer.items.some((item) => item.n)) {
    showMessage(chart(name), t("empty.no_rows"));
    return;
  }
  const format = (value) => (value === null || value === undefined || !unit ? number(value) : `${number(value)} ${unit}`);
  const baseline = newest?.baseline_value ?? null;
  const line = { label: label("metric", metric), items: answer.items, colour: "series-1", format };
  drawLines(name, {
    step: view.step, zone: view.zone, zero: ["custom_sum", "custom_count"].includes(metric),
    series: [around.length ? { ...line, band: between(extremes), bandLabel: t("chart.range") } : line],
    marks: [...(baseline === null ? [] : [{ value: baseline, label: t("chart.baseline_line", { n: format(baseline) }), colour: "baseline" }]), ...marks(JSON.parse(limits), baseline, format)],
    moments: happened.map((one) => ({ at: Date.parse(one.at) / 1000, label: one.text || label("event_kind", one.kind), minor: !one.text })),
    caption: [caption(answer, { n: "chart.n_values", step: view.step, extra: unusable(answer.items) }), changed(newest)].filter(Boolean).join(" · "),
  });
}

// The least and the greatest value of a window.
function between(answers) {
  const [low, high] = answers.map(({ items }) => new Map(items.map((item) => [item.window.start, item.value])));
  return ({ window: { start } }) => ((low.get(start) ?? null) === null || (high.get(start) ?? null) === null ? null : [low.get(start), high.get(start)]);
}

// Limits as levels of the axis; what is relative to a baseline that is not there is not drawn.
function marks(limits, baseline, format) {
  const level = ({ value, of }) => (of === "value" ? value : baseline === null ? null : baseline + (of === "rise" ? 1 : -1) * value * Math.abs(baseline));
  return limits.map((one) => ({ ...one, at: level(one) })).filter(({ at }) => at !== null)
    .map(({ severity, at }) => ({ value: at, label: t(`chart.${severity}_line`, { n: format(at) }), colour: severity }));
}

function unusable(items) {
  const n = items.reduce((total, item) => total + (item.parameters?.unusable ?? 0), 0);
  return n ? t("chart.unusable", { n: count(n) }) : "";
}

// How the newest window stands to the baseline.
function changed(item) {
  const { percent_change: percent = null, change = null } = item?.parameters ?? {};
  if (percent === null) return "";
  const by = `${percent > 0 ? "+" : ""}${number(percent)} %`;
  return t("chart.newest_change", { by }) + (change ? ` (${label("change", change)})` : "");
}
