// Line charts that a page declares in its HTML: `data-metrics` of the API over time, or `data-split` of one answer into a line each.
import { measurements } from "./api.js";
import { caption } from "./captions.js";
import { chart, showMessage } from "./dom.js";
import { fixed, formatterOf, percent } from "./format.js";
import { drawLines } from "./linechart.js";
import { label, t } from "./text.js";

const MOST_LINES = 6;

export const declared = () => [...document.querySelectorAll("figure[data-metrics]")].map((figure) => figure.id.slice("chart-".length));

// The stretch of arrival time that the server chose, which need not be the range of the other charts; calls have no segments.
export const arrived = (view) => ({ ...view, start: view.serviceStart, end: view.serviceEnd, step: view.serviceStep, segment: "" });

export async function drawDeclared(view, name) {
  const { metrics, basis, query, split, value, marks, fill, free, top, groups } = chart(name).figure.dataset;
  const own = basis === "arrival" ? arrived(view) : view;
  const names = metrics.split(",");
  const extra = Object.fromEntries(new URLSearchParams(query));
  const { answers, found, left } = split ? await ofGroups(own, names[0], { split, query: extra, groups: Number(groups) }) : await ofMetrics(own, names, extra);
  const shown = found.slice(0, MOST_LINES);
  const series = shown.map((one, i) => lineOf(one, i, { metric: names[0], value, fill, alone: shown.length === 1, ratio: extra.statistic === "ratio" }));
  if (!found.length) {
    showMessage(chart(name), t("empty.no_group"));
    return;
  }
  drawLines(name, {
    step: own.step, zone: own.zone, series,
    marks: [...given(marks), ...(shown.length === 1 && value === "value" ? baseline(shown[0], names[0]) : [])],
    zero: free === undefined,
    top: top ? Number(top) : null,
    zoom: basis !== "arrival" || view.serviceStart === view.start || within(view),
    caption: [
      caption(merged(answers), { n: rowsOf(answers[0], basis), step: own.step, countsOnly: value !== "value" }),
      left + found.length > shown.length ? t("chart.more_series", { n: left + found.length - shown.length }) : "",
    ].filter(Boolean).join(" · "),
  });
}

async function ofMetrics(view, names, query) {
  const answers = await Promise.all(names.map((metric) => measurements(view, metric, { query })));
  return { answers, found: names.map((metric, i) => ({ label: named(metric), items: answers[i].items, metric })), left: 0 };
}

// Of many groups only the largest are asked for, a question each: all of them in every window would be too much to send.
async function ofGroups(view, metric, { split, query, groups }) {
  if (groups <= MOST_LINES) {
    const answer = await measurements(view, metric, { query });
    return { answers: [answer], found: apart(answer, split), left: 0 };
  }
  const all = apart(await measurements(view, metric, { step: "total", query }), split);
  const answers = await Promise.all(all.slice(0, MOST_LINES).map((one) => measurements(view, metric, { query: { ...query, group: one.label } })));
  return { answers, found: answers.flatMap((answer) => apart(answer, split)), left: Math.max(0, all.length - MOST_LINES) };
}

// The smallest ratio of a measure is called as the measure.
const named = (metric) => label("metric", metric.replace(/_min_ratio$/, ""));

// Arrival time and event time are one axis where what is shown arrived in the range that was picked.
const within = (view) => view.serviceStart >= view.start && view.serviceEnd <= view.end;

function apart(answer, field) {
  const groups = new Map();
  for (const item of answer.items.filter((one) => one[field])) groups.set(item[field], [...(groups.get(item[field]) ?? []), item]);
  const rows = (items) => items.reduce((total, item) => total + (item.n ?? 0), 0);
  const known = [...groups].filter(([, items]) => items.some((item) => item.value !== null));
  return known.sort((a, b) => rows(b[1]) - rows(a[1])).map(([name, items]) => ({ label: name, items }));
}

// n and method are of the first answer, since all of them rest on the same rows.
const merged = (answers) => ({ items: answers[0].items, truncated: answers.some((one) => one.truncated) });

function lineOf({ label: name, items, metric }, i, { metric: first, value, fill, alone, ratio }) {
  const format = value === "coverage" ? percent : ratio ? fixed(2) : formatterOf(metric ?? first);
  const line = { label: value === "coverage" ? t("metric.coverage") : name, items, colour: `series-${i + 1}`, format };
  if (value !== "value") return { ...line, value: (item) => item[value] ?? null, colour: "series-3" };
  if (fill !== undefined && i === 0) line.fill = true;
  return alone && items.some((item) => bandOf(item)) ? { ...line, band: bandOf } : line;
}

// [low, high] of a value; null where the sample is too small to have one.
export function bandOf({ parameters }) {
  const [low, high] = [parameters?.low ?? null, parameters?.high ?? null];
  return low === null || high === null ? null : [low, high];
}

function baseline({ items }, metric) {
  const level = items.map((item) => item.baseline_value).filter((one) => one !== null && one !== undefined).at(-1);
  if (level === undefined || metric.startsWith("drifted")) return [];
  return [{ value: level, label: t("chart.baseline_line", { n: formatterOf(metric)(level) }), colour: "baseline" }];
}

// "0.9:warning:warning_line;0.8:failing:failing_line": a level each, its colour, the key of its name.
function given(marks) {
  return marks.split(";").filter(Boolean).map((mark) => {
    const [value, colour, key] = mark.split(":");
    return { value: Number(value), label: t(`chart.${key}`, { n: value }), colour };
  });
}

function rowsOf(answer, basis) {
  if (answer.items[0]?.metric.startsWith("drifted_share")) return "chart.n_features";
  if (basis === "arrival") return "chart.n_requests";
  return answer.items.some((item) => item.coverage !== null && item.coverage !== undefined) ? "chart.n_labelled" : "chart.n_predictions";
}
