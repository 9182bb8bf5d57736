// The list around the heat map: filter, twenty features at a time, the chosen one marked.
import { measurements } from "./api.js";
import { h, show } from "./dom.js";
import { offer } from "./downloads.js";
import { count, stepName } from "./format.js";
import { heatTable, scaleLegend } from "./heat.js";
import { measureOf } from "./measure.js";
import { approximate, method } from "./methods.js";
import { columnName, t } from "./text.js";

const PAGE = 20;

// Returns {select(column), redraw()}. Rows arrive sorted; the series of a row are read when the row is first shown.
export async function heatList(box, rows, { view, choose }) {
  const measure = measureOf(view);
  const state = { shown: PAGE, wanted: "", selected: "", series: new Map(), truncated: false };
  const readout = h("p", { class: "readout", "aria-hidden": "true" }, t("chart.readout"));
  const say = (text) => readout.replaceChildren(text);
  const scroll = h("div", { class: "heat-scroll" });
  const legend = h("ul", { class: "scale" });
  const more = h("button", { type: "button", class: "more" });

  const matching = () => rows.filter((row) => columnName(row.column).toLowerCase().includes(state.wanted));
  async function redraw() {
    const found = matching();
    const shown = found.slice(0, state.shown);
    await load(shown.map((row) => row.column), rows.length, state, view);
    const table = heatTable(shown, state.series, { view, measure, selected: state.selected, choose, readout: say });
    const focused = scroll.contains(document.activeElement) ? document.activeElement.dataset.column : null;
    legend.replaceChildren(...scaleLegend(measure, shown, state.series));
    scroll.replaceChildren(found.length ? table : h("p", { class: "message" }, t("chart.no_match")));
    if (focused) scroll.querySelector(`[data-column="${CSS.escape(focused)}"]`)?.focus();
    const left = Math.min(PAGE, found.length - shown.length);
    more.hidden = left <= 0;
    more.replaceChildren(t("chart.show_more", { n: left }));
    box.caption.replaceChildren(heatCaption(rows, state, view));
  }

  more.addEventListener("click", () => {
    state.shown += PAGE;
    redraw();
  });
  wireFilter(box, rows, state, redraw);
  await redraw();
  offer("heat", () => [["column", "start", view.statistic, "n"], ...[...state.series].flatMap(([column, items]) => items.map((item) => [column, item.window.start, item.value, item.n]))]);
  show(box, readout, scroll, more, legend);
  const select = (column) => {
    state.selected = column;
    for (const button of scroll.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.column === column));
  };
  return { select, redraw };
}

function wireFilter(box, rows, state, redraw) {
  const filter = box.figure.querySelector(".filter");
  filter.hidden = rows.length <= PAGE / 2;
  filter.querySelector("input").addEventListener("input", (event) => {
    state.wanted = event.target.value.trim().toLowerCase();
    state.shown = PAGE;
    redraw();
  });
}

// Few columns come in one answer; of many only those in view are asked for.
async function load(columns, all, state, view) {
  const missing = columns.filter((column) => !state.series.has(column));
  if (!missing.length) return;
  const answers = await Promise.all((all <= PAGE ? ["*"] : missing).map((column) => measurements(view, view.statistic, { column })));
  for (const column of missing) state.series.set(column, []);
  for (const answer of answers) {
    state.truncated ||= answer.truncated;
    for (const item of answer.items) state.series.get(item.column)?.push(item);
  }
  for (const items of state.series.values()) items.sort((a, b) => (a.window.start < b.window.start ? -1 : 1));
}

function heatCaption(rows, state, view) {
  const measured = rows.map((row) => row.total).filter(Boolean);
  const most = (field) => Math.max(0, ...measured.map((item) => item[field] ?? 0));
  return [
    t("chart.n_predictions", { n: count(most("n")) }),
    t("chart.n_baseline", { n: count(most("baseline_n")) }),
    stepName(view.step),
    method(measured),
    approximate(measured),
    state.truncated ? t("chart.truncated") : "",
  ].filter(Boolean).join(" · ");
}
