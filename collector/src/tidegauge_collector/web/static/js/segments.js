// Segments beside one another over the whole range: rows, drift, accuracy.
import { measurements } from "./api.js";
import { chart, h } from "./dom.js";
import { offer } from "./downloads.js";
import { count, formatterOf, percentOne } from "./format.js";
import { cell, longTable } from "./table.js";
import { label, t } from "./text.js";

export async function drawSegments(view) {
  const box = chart("segments");
  const labelled = Number(view.actuals) > 0 && view.metric;
  const heads = [{ text: t("chart.segment") }, { text: t("metric.drifted_share"), num: true }];
  if (labelled) heads.push({ text: label("metric", view.metric), num: true }, { text: t("chart.labelled"), num: true }, { text: t("metric.coverage"), num: true });
  const of = async (segment, metric) => (await measurements({ ...view, segment }, metric, { step: "total" })).items[0];
  const row = async (segment) => {
    const [drift, accuracy] = await Promise.all([of(segment, "drifted_share"), labelled ? of(segment, view.metric) : null]);
    const cells = [cell(percentOne(drift?.value ?? null), drift?.value, { title: (drift?.parameters?.drifted ?? []).join(", ") })];
    if (labelled) cells.push(cell(formatterOf(view.metric)(accuracy?.value ?? null), accuracy?.value), cell(count(accuracy?.n ?? 0), accuracy?.n), cell(percentOne(accuracy?.coverage ?? null), accuracy?.coverage));
    return cells;
  };
  const rows = await longTable(box, { heads, names: ["", ...view.segments], row, title: (name) => name || t("chart.all_rows"), link: (name) => link(name) });
  const all = await of("", "drifted_share");
  box.caption.replaceChildren([t("chart.n_features", { n: count(all?.n ?? 0) }), t("metric.drifted_share") + ": " + label("method", "psi_and_chance_test")].join(" · "));
  offer("segments", rows);
}

function link(segment) {
  const address = new URL(location.href);
  address.pathname = document.querySelector('[data-tab="drift"]').pathname;
  if (segment) address.searchParams.set("segment", segment);
  else address.searchParams.delete("segment");
  return h("a", { href: address.href }, h("bdi", {}, segment || t("chart.all_rows")));
}
