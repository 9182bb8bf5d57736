// The picked statistic of every feature by window: one row per feature, one pixel of a stretched canvas per window, so that 200 rows stay cheap.
import { cssColour, h } from "./dom.js";
import { clock, count, day, shortDay, windowName } from "./format.js";
import { columnName, t } from "./text.js";

const SATURATED = 4; // times the highest limit

// rows: [{column, total: item|null}], series: Map column -> items. Calls choose(column) when a row is picked.
export function heatTable(rows, series, { view, measure, selected, choose, readout }) {
  const starts = windowStarts(rows, series);
  const context = { view, measure, selected, choose, readout, starts, ramp: colourRamp(measure, largest(rows, series)) };
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

function heatRow(row, items, { view, measure, selected, choose, readout, starts, ramp }) {
  const byStart = new Map(items.map((item) => [item.window.start, item]));
  const cells = starts.map((start) => byStart.get(start) ?? null);
  const total = row.total?.value ?? null;
  const latest = items.filter((item) => item.value !== null).at(-1)?.value ?? null;
  const name = columnName(row.column);
  const summary = cellsText(cells, { column: name, metric: measure.name, value: measure.format(total), total: cells.length }, measure);
  const canvas = h("canvas", { role: "img", "aria-label": summary });
  paint(canvas, cells, ramp);
  const pressed = String(row.column === selected);
  const button = h("button", { type: "button", title: name, "aria-pressed": pressed, "data-column": row.column }, h("bdi", {}, name));
  canvas.addEventListener("pointermove", (event) => {
    const cell = cells[Math.min(cells.length - 1, Math.floor((event.offsetX / canvas.clientWidth) * cells.length))];
    if (cell) readout(cellText(cell, name, { view, measure }));
  });
  canvas.addEventListener("click", () => choose(row.column));
  button.addEventListener("click", () => choose(row.column));
  return h("tr", { "data-level": measure.level(total) },
    h("th", { scope: "row" }, button),
    h("td", {}, canvas),
    h("td", { class: "num latest" }, measure.format(latest)),
    h("td", { class: "num total" }, measure.format(total)));
}

function cellText(cell, column, { view: { step, zone }, measure }) {
  return t("chart.readout_cell", { window: windowName(cell.window.start, step, zone), column, metric: measure.name, value: measure.format(cell.value), n: count(cell.n) });
}

function cellsText(cells, said, measure) {
  const limit = measure.failing ?? measure.warning;
  if (limit === null) return t("chart.heat_label_plain", said);
  return t("chart.heat_label", { ...said, limit, beyond: cells.filter((cell) => (cell?.value ?? 0) > limit).length });
}

function paint(canvas, cells, ramp) {
  canvas.width = Math.max(1, cells.length);
  canvas.height = 1;
  const image = new ImageData(canvas.width, 1);
  cells.forEach((cell, i) => {
    if (cell && cell.value !== null) image.data.set([...ramp(Math.abs(cell.value)), 255], 4 * i);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const largest = (rows, series) => Math.max(0, ...rows.flatMap((row) => (series.get(row.column) ?? []).map((item) => Math.abs(item.value ?? 0))));

// Ramps that meet at the limits, so that a jump of colour is a change of verdict; without limits one up to the largest value.
function colourRamp({ warning, failing }, most) {
  const stops = [0, 1, 2, 3, 4, 5].map((i) => rgb(cssColour(`heat-${i}`)));
  const limits = [[warning, 2], [failing, 4]].filter(([limit]) => limit !== null);
  const edges = [0, ...limits.map(([limit]) => limit), limits.length ? SATURATED * limits.at(-1)[0] : most || 1];
  const starts = [0, ...limits.map(([, stop]) => stop)];
  const ends = limits.length ? starts.map((start) => stops[start + 1]) : [rgb(cssColour("series-1"))];
  const ramps = starts.map((start, i) => [edges[i], edges[i + 1], stops[start], ends[i]]);
  return (value) => {
    const [low, high, from, to] = ramps.find(([, upper]) => value <= upper) ?? ramps.at(-1);
    const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    return from.map((channel, i) => Math.round(channel + share * (to[i] - channel)));
  };
}

const rgb = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

// Items of a list: what the shades mean.
export function scaleLegend({ warning, failing, format }, rows, series) {
  const item = (kind, text) => h("li", { class: kind }, text);
  const gap = item("gap", t("chart.no_value"));
  if (warning === null && failing === null) return [item("shade", t("chart.between", { low: format(0), high: format(largest(rows, series)) })), gap];
  return [
    item("low", t("chart.below_warning", { n: warning ?? failing })),
    warning === null ? "" : item("middle", failing === null ? t("chart.above_failing", { n: warning }) : t("chart.between", { low: warning, high: failing })),
    failing === null ? "" : item("high", t("chart.above_failing", { n: failing })),
    gap,
  ].filter(Boolean);
}
