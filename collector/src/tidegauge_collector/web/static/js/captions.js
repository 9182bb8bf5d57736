// What stands below a chart: how many rows it rests on, and by which method.
import { h } from "./dom.js";
import { count, number, reason, stepName, windowName } from "./format.js";
import { t } from "./text.js";

// `n` is the key of the sentence that names the rows; the method and its parameters are the API's own words.
export function caption(answer, { n, step, countsOnly = false }) {
  const items = answer.items;
  return [
    t(n, { n: count(items.reduce((total, item) => total + (item.n ?? 0), 0)) }),
    step ? stepName(step) : "",
    ...(countsOnly ? [] : measuredHow(items)),
    answer.truncated ? t("chart.truncated") : "",
    answer.mixed ? t("chart.several_versions") : "",
  ].filter(Boolean).join(" · ");
}

function measuredHow(items) {
  const baselineRows = Math.max(0, ...items.map((item) => item.baseline_n ?? 0));
  const bound = Math.max(0, ...items.map((item) => item.error_bound ?? 0));
  return [
    baselineRows ? t("chart.n_baseline", { n: count(baselineRows) }) : "",
    method(items),
    bound ? t("chart.error_bound", { bound: number(bound) }) : "",
  ];
}

export function method(items) {
  const measured = items.find((item) => item.value !== null && item.method) ?? items.find((item) => item.method);
  if (!measured) return "";
  const parameters = Object.entries(measured.parameters ?? {}).filter(([name]) => !PER_VALUE.has(name));
  const listed = parameters.map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`);
  return t("chart.method", { method: [measured.method, ...listed].join(", ") });
}

// Parameters that differ from window to window belong to a value, not to the method.
const PER_VALUE = new Set(["p_value", "p_adjusted", "df", "chance_p_value"]);

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
  const byStart = series.map((one) => new Map(one.items.map((item) => [item.window.start, item])));
  const titles = [t("chart.table_window"), ...series.map((one) => one.label), "n"];
  const head = h("tr", {}, ...titles.map((title) => h("th", { scope: "col" }, title)));
  const rows = starts.map((start) => {
    const found = byStart.map((items) => items.get(start));
    const cells = found.map((item, i) => h("td", {}, cell(item, series[i])));
    return h("tr", {}, h("th", { scope: "row" }, windowName(start, step, zone)), ...cells, h("td", {}, count(found.find(Boolean)?.n)));
  });
  return h("table", { class: "numbers" }, h("thead", {}, head), h("tbody", {}, ...rows));
}

function cell(item, one) {
  if (!item) return reason("no_rows");
  const value = one.value(item);
  return value === null ? reason(item.reason) : one.format(value);
}
