// The drift section: which features drifted, how much they matter, and the chosen one in detail.
import { keepInAddress } from "./address.js";
import { measurements } from "./api.js";
import { attempt } from "./attempt.js";
import { chart, showMessage } from "./dom.js";
import { featureCharts } from "./feature.js";
import { heatList } from "./heatlist.js";
import { measureOf } from "./measure.js";
import { sayFeature } from "./said.js";
import { scatter } from "./scatter.js";
import { columnName, t } from "./text.js";
import { RECOLOURED } from "./theme.js";

let shown = { heat: null, dots: null };
let detail = new AbortController();

document.addEventListener(RECOLOURED, () => shown.heat?.redraw());

export async function drawDrift(view) {
  const rows = await driftedFirst(view);
  const choose = (column) => {
    shown.heat?.select(column);
    shown.dots?.select(column);
    keepInAddress("feature", column);
    sayFeature(columnName(column));
    drawFeature(view, column);
  };
  shown.dots?.stop?.();
  shown = { heat: null, dots: scatter(chart("scatter"), rows, { measure: measureOf(view), choose }) };
  const chosen = rows.find((row) => row.column === view.feature)?.column ?? (view.feature ? null : rows[0]?.column);
  const details = chosen ? drawFeature(view, chosen) : noSuchFeature();
  shown.heat = await heatList(chart("heat"), rows, { view, choose });
  if (chosen) {
    shown.heat.select(chosen);
    shown.dots.select(chosen);
  }
  await details;
}

// -> [{column, importance, total}] of every column that can drift, the one that drifted most first.
async function driftedFirst(view) {
  const totals = await measurements(view, view.statistic, { column: "*", step: "total" });
  const byColumn = new Map(totals.items.map((item) => [item.column, item]));
  const row = ({ name, importance }) => ({ column: name, importance: importance ?? null, total: byColumn.get(name) ?? null });
  const value = ({ total }) => total?.value ?? -1;
  return view.columns.map(row).sort((a, b) => value(b) - value(a) || (a.column < b.column ? -1 : 1));
}

// A new choice drops the answers still awaited for the one before.
function drawFeature(view, column) {
  detail.abort();
  detail = new AbortController();
  const own = { ...view, signal: AbortSignal.any([view.signal, detail.signal]) };
  document.getElementById("feature-name").textContent = columnName(column);
  return Promise.all(Object.entries(featureCharts).map(([name, draw]) => attempt(own, [name], () => draw(own, column))));
}

function noSuchFeature() {
  for (const name of Object.keys(featureCharts)) showMessage(chart(name), t("empty.no_feature"));
}
