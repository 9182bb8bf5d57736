// The groups of an attribute over the whole range: value, ratio to the reference, and whether chance explains the difference.
import { measurements } from "./api.js";
import { chart, h, showMessage } from "./dom.js";
import { offer } from "./downloads.js";
import { count, fixed, formatterOf, number } from "./format.js";
import { cell, longTable } from "./table.js";
import { label, t } from "./text.js";

export async function drawGroups(view) {
  const box = chart("groups");
  const ask = (statistic) => measurements(view, view.measure, { step: "total", query: { group: view.attribute, statistic } });
  const [values, ratios, chances] = await Promise.all(["value", "ratio", "p_value"].map(ask));
  const of = (answer) => new Map(answer.items.map((item) => [item.segment, item]));
  const [ratio, chance] = [of(ratios), of(chances)];
  const groups = values.items.filter((item) => item.n);
  if (!groups.length) {
    showMessage(box, t("empty.no_group"));
    return;
  }
  const { ratioLimit, stated } = box.figure.parentElement.dataset;
  const format = formatterOf(view.measure);
  const heads = ["chart.group", `metric.${view.measure}`, "chart.ratio", "chart.p_value", "chart.rows"].map((key) => t(key));
  const known = of({ items: groups.sort((a, b) => b.n - a.n) });
  const row = async (name) => {
    const [item, r, p] = [known.get(name), ratio.get(name)?.value ?? null, chance.get(name)?.value ?? null];
    const low = r !== null && r < Number(ratioLimit);
    return [cell(format(item.value), item.value), cell(fixed(2)(r), r, low ? { class: "num beyond" } : {}), cell(number(p), p), cell(count(item.n), item.n)];
  };
  const link = (name) => h("span", {}, h("bdi", {}, name), known.get(name).parameters?.small ? h("span", { class: "sub" }, t("chart.small")) : "");
  await longTable(box, { heads: heads.map((text, i) => ({ text, num: i > 0 })), names: [...known.keys()], row, link });
  const n = groups.reduce((total, item) => total + item.n, 0);
  box.caption.replaceChildren([t("chart.n_predictions", { n: count(n) }), t("chart.method", { method: label("method", groups[0].method) }), stated === undefined ? t("chart.four_fifths") : t("chart.below_ratio", { n: ratioLimit })].join(" · "));
  offer("groups", () => [heads, ...groups.map((item) => [item.segment, item.value, ratio.get(item.segment)?.value ?? null, chance.get(item.segment)?.value ?? null, item.n])]);
}
