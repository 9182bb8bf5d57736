// PSI of every feature by window: one row per feature, one pixel of a stretched canvas per window, so that 200 rows stay cheap.
import { cssColour, h } from "./dom.js";
import { clock, count, day, fixed, shortDay, windowName } from "./format.js";
import { columnName, t } from "./text.js";

export const WARNING = 0.1;
export const FAILING = 0.25;
const SATURATED = 1;

const psi = fixed(3);

export const level = (value) => (value === null ? "none" : value > FAILING ? "failing" : value > WARNING ? "warning" : "ok");

// rows: [{column, total: item|null}], series: Map column -> items. Calls choose(column) when a row is picked.
export function heatTable(rows, series, { view, selected, choose, readout }) {
  const starts = windowStarts(rows, series);
  const context = { view, selected, choose, readout, starts, ramp: colourRamp() };
  const dates = starts.length ? [starts[0], starts[Math.floor((starts.length - 1) / 2)], starts.at(-1)] : [];
  const labels = [...new Map(dates.map((start) => [windowName(start, view.step, view.zone), start])).values()];
  const head = h("tr", {},
    h("th", { scope: "col", class: "name" }, t("chart.feature")),
    h("th", { scope: "col" }, h("span", { class: "dates" }, ...labels.map((start) => dateLabel(new Date(start), view)))),
    h("th", { scope: "col", class: "num latest" }, t("chart.latest")),
    h("th", { scope: "col", class: "num" }, t("chart.whole_range")));
  const body = rows.map((row) => heatRow(row, series.get(row.column) ?? [], context));
  return h("table", { class: "heat" }, h("thead", {}, head), h("tbody", {}, ...body));
}

// Narrow screens show it without its year.
function dateLabel(date, { step, zone }) {
  const time = step === "day" ? "" : ` ${clock(date, zone)}`;
  return h("span", {}, h("span", { class: "long" }, day(date, zone)), h("span", { class: "short" }, shortDay(date, zone)), time);
}

function windowStarts(rows, series) {
  return [...new Set(rows.flatMap((row) => (series.get(row.column) ?? []).map((item) => item.window.start)))].sort();
}

function heatRow(row, items, { view, selected, choose, readout, starts, ramp }) {
  const byStart = new Map(items.map((item) => [item.window.start, item]));
  const cells = starts.map((start) => byStart.get(start) ?? null);
  const total = row.total?.value ?? null;
  const latest = items.filter((item) => item.value !== null).at(-1)?.value ?? null;
  const name = columnName(row.column);
  const failing = cells.filter((cell) => (cell?.value ?? 0) > FAILING).length;
  const summary = t("chart.heat_label", { column: name, value: psi(total), failing, total: cells.length });
  const canvas = h("canvas", { role: "img", "aria-label": summary });
  paint(canvas, cells, ramp);
  const pressed = String(row.column === selected);
  const button = h("button", { type: "button", title: name, "aria-pressed": pressed, "data-column": row.column }, h("bdi", {}, name));
  canvas.addEventListener("pointermove", (event) => {
    const cell = cells[Math.min(cells.length - 1, Math.floor((event.offsetX / canvas.clientWidth) * cells.length))];
    if (cell) readout(cellText(cell, name, view));
  });
  canvas.addEventListener("click", () => choose(row.column));
  button.addEventListener("click", () => choose(row.column));
  return h("tr", { "data-level": level(total) },
    h("th", { scope: "row" }, button),
    h("td", {}, canvas),
    h("td", { class: "num latest" }, psi(latest)),
    h("td", { class: "num total" }, psi(total)));
}

function cellText(cell, column, { step, zone }) {
  return t("chart.readout_cell", { window: windowName(cell.window.start, step, zone), column, value: psi(cell.value), n: count(cell.n) });
}

function paint(canvas, cells, ramp) {
  canvas.width = Math.max(1, cells.length);
  canvas.height = 1;
  const image = new ImageData(canvas.width, 1);
  cells.forEach((cell, i) => {
    if (cell && cell.value !== null) image.data.set([...ramp(cell.value), 255], 4 * i);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// Three ramps that meet at the thresholds: a jump of colour is a change of verdict.
function colourRamp() {
  const stops = [0, 1, 2, 3, 4, 5].map((i) => rgb(cssColour(`heat-${i}`)));
  const ramps = [[0, WARNING, stops[0], stops[1]], [WARNING, FAILING, stops[2], stops[3]], [FAILING, SATURATED, stops[4], stops[5]]];
  return (value) => {
    const [low, high, from, to] = ramps.find(([, upper]) => value <= upper) ?? ramps[2];
    const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    return from.map((channel, i) => Math.round(channel + share * (to[i] - channel)));
  };
}

const rgb = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

export function scaleLegend() {
  return h("ul", { class: "scale" },
    h("li", { class: "low" }, t("chart.below_warning", { n: WARNING })),
    h("li", { class: "middle" }, t("chart.between", { low: WARNING, high: FAILING })),
    h("li", { class: "high" }, t("chart.above_failing", { n: FAILING })),
    h("li", { class: "gap" }, t("chart.no_value")));
}
