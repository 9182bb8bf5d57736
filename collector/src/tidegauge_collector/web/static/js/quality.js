// Missing values of every column beside the baseline's, what changed most first; the chosen one over time.
import { keepInAddress } from "./address.js";
import { measurements } from "./api.js";
import { attempt } from "./attempt.js";
import { chart, h } from "./dom.js";
import { offer } from "./downloads.js";
import { count, percent, percentOne } from "./format.js";
import { featureCharts } from "./feature.js";
import { sayFeature } from "./said.js";
import { cell, longTable } from "./table.js";
import { columnName, label, t } from "./text.js";

const OTHERS = ["unseen_rate", "out_of_range_rate", "non_finite_rate", "invalid_rate", "type_change_rate"];

export async function drawQuality(view) {
  const box = chart("missing");
  const [{ items }, ...others] = await Promise.all(["missing_rate", ...OTHERS].map((metric) => measurements(view, metric, { column: "*", step: "total" })));
  const known = new Map(items.map((item) => [item.column, item]));
  const rates = others.map((answer) => new Map(answer.items.map((item) => [item.column, item.value])));
  const wrong = (name) => Math.max(...rates.map((values) => values.get(name) ?? 0));
  const change = (name) => wrong(name) + Math.abs((known.get(name)?.value ?? 0) - (known.get(name)?.baseline_value ?? known.get(name)?.value ?? 0));
  const names = view.columns.map((column) => column.name).sort((a, b) => change(b) - change(a) || (a < b ? -1 : 1));
  const heads = [t("chart.column"), t("metric.missing_rate"), t("chart.baseline"), t("chart.change"), ...OTHERS.map((metric) => label("metric", metric)), t("chart.rows")]
    .map((text, i) => ({ text, num: i > 0 }));
  const row = async (name) => {
    const { value = null, baseline_value: before = null, n = 0 } = known.get(name) ?? {};
    const moved = value === null || before === null ? null : value - before;
    return [cell(percentOne(value), value), cell(percentOne(before), before), cell(moved === null ? "–" : `${moved > 0 ? "+" : ""}${percentOne(moved)}`, moved),
      ...rates.map((values) => cell(percent(values.get(name) ?? null), values.get(name), values.get(name) > 0 ? { class: "num some" } : {})), cell(count(n), n)];
  };
  const choose = (name) => {
    keepInAddress("feature", name);
    for (const button of box.plot.querySelectorAll("th button")) button.setAttribute("aria-pressed", String(button.dataset.column === name));
    return attempt(view, ["feature_missing"], () => featureCharts.feature_missing(view, name));
  };
  const link = (name) => {
    const button = h("button", { type: "button", class: "pick-row", "data-column": name }, h("bdi", {}, columnName(name)));
    button.addEventListener("click", () => {
      sayFeature(columnName(name));
      choose(name);
    });
    return button;
  };
  const rows = await longTable(box, { heads, names, row, title: columnName, link });
  box.caption.replaceChildren(t("chart.n_predictions", { n: count(Math.max(0, ...items.map((item) => item.n))) }), " · ", t("chart.method", { method: label("method", "share_of_rows") }));
  offer("missing", rows);
  await choose(names.includes(view.feature) ? view.feature : names[0]);
}
