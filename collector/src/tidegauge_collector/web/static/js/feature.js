// One column in detail: its PSI over time, its window against its baseline, its missing values.
import { measurements, profile } from "./api.js";
import { caption } from "./captions.js";
import { chart, h, show, showMessage } from "./dom.js";
import { offer } from "./downloads.js";
import { count, formatterOf, number, percentOne } from "./format.js";
import { drawLines } from "./linechart.js";
import { measureOf } from "./measure.js";
import { drawStatistics } from "./statistics.js";
import { columnName, label, t } from "./text.js";

const CATEGORIES = 20;

async function overTime(view, column, { metric, name, marks = [] }) {
  const answer = await measurements(view, metric, { column });
  drawLines(name, {
    step: view.step,
    zone: view.zone,
    marks,
    series: [{ label: label("metric", metric), items: answer.items, colour: "series-1", format: formatterOf(metric) }],
    caption: caption(answer, { n: "chart.n_predictions", step: view.step }),
  });
}

export const featureCharts = {
  feature_line: (view, column) => overTime(view, column, { ...measureOf(view), name: "feature_line" }),
  feature_missing: (view, column) => overTime(view, column, { metric: "missing_rate", name: "feature_missing" }),
  histogram,
  statistics: drawStatistics,
};

async function histogram(view, column) {
  const answer = await profile(view, column);
  const box = chart("histogram");
  if (!answer.n) {
    showMessage(box, t("empty.no_rows"));
    return;
  }
  if (!answer.bins.length) {
    showMessage(box, t("empty.no_bins"));
    return;
  }
  show(box, h("div", { class: "bars-scroll", tabindex: "0" }, table(answer)));
  box.caption.replaceChildren(...notes(answer, column).map((text) => h("div", {}, text)));
  const parts = (bin) => [binName(bin), bin.window_count, bin.baseline_count, bin.lower, bin.upper];
  offer("histogram", () => [[t("chart.bin"), t("chart.window_share"), t("chart.baseline_share"), "lower", "upper"], ...answer.bins.map(parts)]);
}

function notes(answer, column) {
  const strangers = answer.new_categories.slice(0, 8).map((category) => `${category.name} (${count(category.count)})`);
  const counted = [
    columnName(column),
    t("chart.n_predictions", { n: count(answer.n) }),
    answer.baseline_n ? t("chart.n_baseline", { n: count(answer.baseline_n) }) : "",
    t("chart.method", { method: label("method", "reference_bins") }),
    answer.approximate ? t("chart.approximate") : "",
  ];
  return [
    counted.filter(Boolean).join(" · "),
    moments(answer.moments ?? {}),
    strangers.length ? t("chart.new_categories", { names: strangers.join(", ") }) : "",
  ].filter(Boolean);
}

function moments({ mean, std, min, max }) {
  if (mean === null || mean === undefined) return "";
  return t("chart.moments", { mean: number(mean), std: number(std), min: number(min), max: number(max) });
}

// Empty bins are left out; of many categories the largest are shown and the others summed.
function table(answer) {
  const bins = folded(answer.bins.filter((bin) => bin.window_count || bin.baseline_count));
  const baseline = (bin) => (answer.baseline_n ? (bin.baseline_count ?? 0) / answer.baseline_n : null);
  const window = (bin) => bin.window_count / answer.n;
  const longest = Math.max(...bins.flatMap((bin) => [baseline(bin) ?? 0, window(bin)]), 1e-9);
  const key = (side) => h("span", { class: `key bar ${side}` });
  const head = h("tr", {},
    h("th", { scope: "col", class: "label" }, t("chart.bin")), h("th", { scope: "col" }, t("chart.share")),
    h("th", { scope: "col", class: "num" }, key("window"), t("chart.window_share")),
    h("th", { scope: "col", class: "num" }, key("baseline"), t("chart.baseline_share")));
  const rows = bins.map((bin) => {
    const name = binName(bin);
    return h("tr", {}, h("th", { scope: "row", class: "label", title: name }, h("bdi", {}, name)),
      h("td", {}, bar("window", window(bin) / longest), bar("baseline", (baseline(bin) ?? 0) / longest)),
      h("td", { class: "num" }, percentOne(window(bin))), h("td", { class: "num" }, percentOne(baseline(bin))));
  });
  return h("table", { class: "bars" }, h("thead", {}, head), h("tbody", {}, ...rows));
}

function folded(bins) {
  const size = (bin) => Math.max(bin.window_count, bin.baseline_count ?? 0);
  const categories = bins.filter((bin) => bin.kind === "category").sort((a, b) => size(b) - size(a));
  if (categories.length <= CATEGORIES) return bins;
  const kept = new Set(categories.slice(0, CATEGORIES));
  const small = categories.slice(CATEGORIES);
  const total = (field) => small.reduce((sum, bin) => sum + (bin[field] ?? 0), 0);
  const name = t("chart.more_bins", { n: small.length });
  const rest = { kind: "folded", label: name, window_count: total("window_count"), baseline_count: total("baseline_count") };
  return [...kept, rest, ...bins.filter((bin) => bin.kind !== "category")];
}

function bar(side, share) {
  const element = h("div", { class: `bar ${side}` });
  element.style.width = `${100 * share}%`;
  element.hidden = share === 0;
  return element;
}

function binName(bin) {
  if (bin.kind === "interval") return `${number(bin.lower)} – ${number(bin.upper)}`;
  if (bin.kind === "point") return `= ${number(bin.lower ?? Number(bin.label))}`;
  if (bin.kind === "category" || bin.kind === "folded") return bin.label;
  return t(`bin.${bin.kind}`, { lower: number(bin.lower), upper: number(bin.upper) });
}
