// What stands below a chart: how many rows it rests on, and by which method.
import { h } from "./dom.js";
import { count, reason, stepName, windowName } from "./format.js";
import { approximate, errorBound, method } from "./methods.js";
import { t } from "./text.js";

// `n` is the key of the sentence that names the rows; `extra` is said last.
export function caption(answer, { n, step, countsOnly = false, extra = "" }) {
  const items = answer.items;
  return [
    t(n, { n: count(rows(items, n)) }),
    step ? stepName(step) : "",
    ...(countsOnly ? [] : measuredHow(items)),
    answer.truncated ? t("chart.truncated") : "",
    extra,
  ].filter(Boolean).join(" · ");
}

// Rows of windows add up; the features of every window are the same ones.
const rows = (items, n) => items.reduce((total, item) => (n === "chart.n_features" ? Math.max(total, item.n ?? 0) : total + (item.n ?? 0)), 0);

function measuredHow(items) {
  const baselineRows = Math.max(0, ...items.map((item) => item.baseline_n ?? 0));
  return [
    baselineRows ? t("chart.n_baseline", { n: count(baselineRows) }) : "",
    method(items),
    approximate(items),
    errorBound(items),
  ];
}

// A closed <details> that is filled when it is opened: the same numbers for those who cannot see the drawing.
export function numbersTable(series, { step, zone }) {
  const body = h("div", { class: "table-scroll", tabindex: "0" });
  const details = h("details", {}, h("summary", {}, t("chart.table")), body);
  details.addEventListener("toggle", () => {
    if (details.open && !body.firstChild) body.append(table(series, step, zone));
  });
  return details;
}

function table(series, step, zone) {
  const starts = [...new Set(series.flatMap((one) => one.items.map((item) => item.window.start)))].sort();
  const columns = series.flatMap(columnsOf).map((one) => ({ ...one, byStart: new Map(one.items.map((item) => [item.window.start, item])) }));
  const titles = [t("chart.table_window"), ...columns.map((one) => one.label), "n"];
  const head = h("tr", {}, ...titles.map((title) => h("th", { scope: "col" }, title)));
  const rows = starts.map((start) => {
    const found = columns.map((one) => one.byStart.get(start));
    const cells = found.map((item, i) => h("td", {}, item ? columns[i].text(item) : reason("no_rows")));
    return h("tr", {}, h("th", { scope: "row" }, windowName(start, step, zone)), ...cells, h("td", {}, count(found.find(Boolean)?.n)));
  });
  return h("table", { class: "numbers" }, h("thead", {}, head), h("tbody", {}, ...rows));
}

// A series, and its band beside it.
function columnsOf(one) {
  const value = (item) => (one.value(item) === null ? reason(item.reason) : one.format(one.value(item)));
  const band = (item) => bandText(one.band(item), one.format);
  const line = { label: one.label, items: one.items, text: value };
  return one.band ? [line, { label: one.bandLabel ?? t("chart.band"), items: one.items, text: band }] : [line];
}

export const bandText = (band, format) => (band ? `${format(band[0])} – ${format(band[1])}` : "–");
