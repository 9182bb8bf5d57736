// Every statistic of one feature over the whole range, with its method and, where there is one, its chance.
import { measurements } from "./api.js";
import { chart, h, show } from "./dom.js";
import { offer } from "./downloads.js";
import { count, formatterOf, number } from "./format.js";
import { cell } from "./table.js";
import { columnName, label, t } from "./text.js";

const STATISTICS = ["psi", "js_distance", "hellinger", "total_variation", "l_infinity", "kl", "chi_square", "cramers_v", "ks", "wasserstein", "wasserstein_norm", "missing_rate", "missing_delta"];

export async function drawStatistics(view, column) {
  const { items } = await measurements(view, STATISTICS.join(","), { column, step: "total" });
  const found = STATISTICS.map((metric) => ({ metric, ...items.find((one) => one.metric === metric) })).filter((one) => one.reason !== "not_applicable");
  const chance = found.find((one) => (one.parameters?.p_value ?? null) !== null);
  const heads = ["chart.statistic", "chart.value", "chart.baseline", "chart.how"].map((key) => t(key));
  const rows = found.map((one) => h("tr", {}, h("th", { scope: "row" }, label("metric", one.metric)),
    cell(one.value === null || one.value === undefined ? label("reason", one.reason ?? "no_rows") : formatterOf(one.metric)(one.value), one.value),
    cell(formatterOf(one.metric)(one.baseline_value ?? null), one.baseline_value), h("td", { class: "words" }, label("method", one.method ?? ""))));
  const box = chart("statistics");
  show(box, h("div", { class: "table-scroll free", tabindex: "0" }, h("table", { class: "numbers wide tight" },
    h("thead", {}, h("tr", {}, ...heads.map((text, i) => h("th", { scope: "col", class: i && i < 3 ? "num" : "" }, text)))), h("tbody", {}, ...rows))));
  box.caption.replaceChildren([columnName(column), t("chart.n_predictions", { n: count(Math.max(0, ...found.map((one) => one.n ?? 0))) }),
    t("chart.n_baseline", { n: count(Math.max(0, ...found.map((one) => one.baseline_n ?? 0))) }),
    chance ? `${label("chance_test", chance.parameters.chance_test)}: p = ${number(chance.parameters.p_value)}` : ""].filter(Boolean).join(" · "));
  offer("statistics", () => [heads, ...found.map((one) => [one.metric, one.value ?? null, one.baseline_value ?? null, one.method ?? ""])]);
}
