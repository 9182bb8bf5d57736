// Lines over time, drawn by uPlot: aligned series with honest gaps, thresholds, a live legend with n, redrawn on resize and theme.
import { bandText, numbersTable } from "./captions.js";
import { chart, cssColour, show, showMessage } from "./dom.js";
import { offer, withdraw } from "./downloads.js";
import { drawMarks, drawMoments } from "./marks.js";
import { STEP_S, clock, count, month, percent, reason, shortDay, span, windowName, year } from "./format.js";
import { t } from "./text.js";
import { RECOLOURED } from "./theme.js";

const HEIGHT = 232;
const DAY_S = 86_400;
const MONTH_S = 30 * DAY_S; // what uPlot takes for calendar months
const INTERVALS_S = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => 60 * minutes),
  ...[1, 2, 3, 4, 6, 8, 12].map((hours) => 3_600 * hours),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15].map((days) => DAY_S * days),
  ...[1, 2, 3, 4, 6].map((months) => MONTH_S * months),
  ...[1, 2, 5].map((years) => 365 * DAY_S * years),
];
const SPANS_S = [1, 5, 15, 60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, ...[1, 2, 5, 10, 30, 100].map((days) => DAY_S * days)];
const live = new Map();

// series: [{label, items, colour, value?, format, band?, fill?, legendOnly?}], marks: [{value, label, colour}], zero: y starts at 0;
// band(item) -> [low, high] or null is drawn as a light area behind the line.
// moments: [{at (seconds), label}] are lines down; zoom: whether dragging picks a shorter range.
export function drawLines(name, { series, marks = [], moments = [], zero = true, top = null, step, zone, caption, zoom = true }) {
  const box = chart(name);
  forget(name);
  const told = series.map((one) => ({ value: (item) => item.value, ...one }));
  if (!told.some((one) => one.items.some((item) => one.value(item) !== null))) {
    const why = told.flatMap((one) => one.items).map((item) => item.reason).find((one) => one && one !== "no_rows");
    showMessage(box, why ? t("empty.undefined", { reason: reason(why) }) : t("empty.no_rows"));
    return;
  }
  const drawn = told.flatMap(withEdges);
  const lines = { name, box, drawn, marks, moments, zero, top, step, zone, zoom, data: align(drawn, step) };
  box.caption.replaceChildren(caption, numbersTable(told, { step, zone }));
  plot(lines);
  lines.observer = new ResizeObserver(() => resize(lines));
  lines.observer.observe(box.plot);
  live.set(name, lines);
  offer(name, () => rowsOf(told));
}

// One row for each window: what each series says of it, and its n.
function rowsOf(series) {
  const starts = [...new Set(series.flatMap((one) => one.items.map((item) => item.window.start)))].sort();
  const byStart = series.map((one) => new Map(one.items.map((item) => [item.window.start, item])));
  const said = (start) => series.map((one, i) => (byStart[i].has(start) ? one.value(byStart[i].get(start)) : null));
  const n = (start) => byStart.map((items) => items.get(start)?.n).find((rows) => rows !== undefined) ?? null;
  return [["start", ...series.map((one) => one.label), "n"], ...starts.map((start) => [start, ...said(start), n(start)])];
}

// The edges of a band are series of their own, before their line so that it lies on top.
function withEdges(one) {
  if (!one.band) return [one];
  const edge = (name, i) => ({ ...one, edge: name, label: one.bandLabel ?? t("chart.band"), value: (item) => one.band(item)?.[i] ?? null });
  return [edge("high", 1), edge("low", 0), one];
}

export function forget(name) {
  withdraw(name);
  const lines = live.get(name);
  lines?.observer.disconnect();
  lines?.uplot.destroy();
  live.delete(name);
}

export const forgetAll = () => [...live.keys()].forEach(forget);

document.addEventListener(RECOLOURED, () => {
  for (const lines of live.values()) {
    lines.uplot.destroy();
    plot(lines);
  }
});

function plot(lines) {
  const holder = document.createElement("div");
  holder.setAttribute("role", "img");
  const title = lines.box.figure.querySelector("h3").textContent;
  holder.setAttribute("aria-label", `${title}: ${[...new Set(lines.drawn.map((one) => one.label))].join(", ")}`);
  show(lines.box, holder);
  lines.uplot = new window.uPlot(options(lines), lines.data, holder);
}

function resize(lines) {
  const width = lines.box.plot.clientWidth;
  if (width && width !== lines.uplot.width) lines.uplot.setSize({ width, height: HEIGHT });
}

// One x for each window of any series, and a null wherever windows are missing, so that a line never bridges a silence.
function align(drawn, step) {
  const length = STEP_S[step];
  const seconds = (item) => Date.parse(item.window.start) / 1000;
  const known = [...new Set(drawn.flatMap((one) => one.items.map(seconds)))].sort((a, b) => a - b);
  const xs = known.flatMap((x, i) => (i + 1 < known.length && known[i + 1] - x > 1.5 * length ? [x, x + length] : [x]));
  const columns = drawn.map((one) => {
    const values = new Map(one.items.map((item) => [seconds(item), one.value(item)]));
    return xs.map((x) => values.get(x) ?? null);
  });
  const rows = new Map(drawn.flatMap((one) => one.items.map((item) => [seconds(item), item.n])));
  return [xs, ...columns, xs.map((x) => rows.get(x) ?? null)];
}

function options(lines) {
  const { drawn, step, zone, box } = lines;
  const format = drawn[0].format;
  return {
    width: box.plot.clientWidth,
    height: HEIGHT,
    tzDate: (ts) => window.uPlot.tzDate(new Date(ts * 1000), zone),
    cursor: { drag: { x: lines.zoom, y: false, setScale: false, dist: 8 }, sync: { key: "time", filters: { pub: isPointing } }, points: { size: 8 } },
    select: { show: lines.zoom },
    scales: { x: { time: true, range: (u, first, last) => upTo(lines.moments, wide(u.data[0], [first, last], step), step) }, y: { range: (_, low, high) => extent(lines, low, high) }, n: {} },
    axes: [
      axis({ incrs: INTERVALS_S.filter((interval) => interval >= STEP_S[step]), values: (_, splits, __, ___, step_s) => ticks(splits, step_s, zone), space: 64, size: 40 }),
      axis({ values: (_, splits) => splits.map((value) => tick(value, format, splits)), size: sideWidth, ...(format === span ? { incrs: SPANS_S } : {}) }),
    ],
    series: [
      { label: t("chart.table_window"), value: (_, x) => (x === null ? "–" : windowName(x * 1000, step, zone)) },
      ...drawn.map((one) => line(one, lines)),
      legendRow("n", count),
    ],
    bands: bandsOf(drawn),
    hooks: {
      draw: [(u) => drawMarks(u, lines.marks), (u) => drawMoments(u, lines.moments)],
      ready: [rest],
      setLegend: [rest],
      setSelect: [(u) => zoomTo(u, step)],
    },
  };
}

// Charts follow the pointer together; what is dragged over one is of that one only.
const isPointing = (kind) => kind !== "mousedown" && kind !== "mouseup";

export const ZOOM = "tidegauge:zoom";

// Dragging over a chart asks for the windows that it touched; the page's pickers take it from there.
function zoomTo(u, step) {
  const { left, width } = u.select;
  if (width < 8) return;
  const nearest = (seconds) => u.data[0].reduce((best, x) => (Math.abs(x - seconds) < Math.abs(best - seconds) ? x : best));
  const detail = { start: nearest(u.posToVal(left, "x")), end: nearest(u.posToVal(left + width, "x")) + STEP_S[step] };
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  document.dispatchEvent(new CustomEvent(ZOOM, { detail }));
}

// A row of the legend that is not drawn: its scale has no axis.
function legendRow(name, format) {
  const undrawn = { scale: "n", class: "hidden-marker", paths: () => null, points: { show: false } };
  return { ...undrawn, label: name, value: (_, value) => format(value ?? null) };
}

function line(one, lines) {
  if (one.edge) return edgeOf(one);
  if (one.legendOnly) return legendRow(one.label, one.format);
  return {
    label: one.label,
    stroke: cssColour(one.colour),
    fill: one.fill ? cssColour("series-fill") : undefined,
    width: 1.75,
    spanGaps: false,
    points: { show: lines.data[0].length <= 60, size: 5, fill: cssColour(one.colour) },
    value: (_, value) => one.format(value ?? null),
  };
}

const edgeOf = (one) => ({
  label: one.label,
  class: `band-${one.edge}`,
  width: 0,
  points: { show: false },
  value: (u, high, at, i) => bandText(high === null ? null : [u.data[at + 1][i], high], one.format),
});

// Positions count the x values first; the low edge follows its high one.
const bandsOf = (drawn) => drawn.flatMap((one, i) => (one.edge === "high" ? [{ series: [i + 1, i + 2], fill: cssColour("band") }] : []));

function axis(extra) {
  const grid = { stroke: cssColour("grid"), width: 1 };
  return { stroke: cssColour("muted"), font: `12px ${cssColour("font")}`, grid, ticks: { ...grid, size: 4 }, gap: 6, ...extra };
}

const sideWidth = (u, values) => {
  if (!values) return 44;
  const widest = values.reduce((longest, value) => (value.length > longest.length ? value : longest), "");
  u.ctx.font = `${12 * window.devicePixelRatio}px ${cssColour("font")}`;
  return Math.max(44, Math.ceil(u.ctx.measureText(widest).width / window.devicePixelRatio) + 16);
};

function extent({ drawn, marks, zero, top }, low, high) {
  const values = [low, high, ...marks.map((mark) => mark.value)].filter((value) => value !== null && Number.isFinite(value));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const pad = (most - (zero ? 0 : least)) * 0.08 || Math.abs(most) * 0.1 || (drawn[0].format === percent ? 0.01 : 1);
  return [zero ? Math.min(0, least) : least - pad, top ?? most + pad];
}

// A single window has an axis of a few windows around it; uPlot would give it years.
const wide = ([first, ...others], extent, step) => (others.length ? extent : [first - 2 * STEP_S[step], first + 2 * STEP_S[step]]);

// What happened within the last window lies on the axis, too.
function upTo(moments, [first, last], step) {
  const within = moments.map(({ at }) => at).filter((at) => at > last && at <= last + STEP_S[step]);
  return [first, Math.max(last, ...within)];
}

// With no cursor over it the legend reads the newest window, also where there is no pointer at all.
function rest(u) {
  if (u.legend.idx === null || u.legend.idx === undefined) u.setLegend({ idx: u.data[0].length - 1 }, true);
}

const isWhole = (size) => size > 0.99 && Math.abs(size / Math.round(size) - 1) < 1e-6;

// With as many digits as tell one from the next: 0.25 has two.
const tick = (value, format, splits) => {
  const gap = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  const digits = (size) => [0, 1, 2, 3, 4, 5].find((n) => isWhole(size * 10 ** n)) ?? 6;
  if (format === percent) return `${(100 * value).toFixed(digits(100 * gap))} %`;
  const text = format(value);
  return /^-?[\d.]+$/.test(text) && gap < 1000 ? value.toFixed(digits(gap)) : text;
};

// Hours within days, days within a quarter, months beyond; the year where it begins.
function ticks(splits, step_s, zone) {
  const dates = splits.map((split) => new Date(split * 1000));
  const years = dates.map((date) => year(date, zone));
  return dates.map((date, i) => {
    const time = clock(date, zone);
    if (step_s < DAY_S && time !== "00:00") return time;
    if (step_s >= 28 * DAY_S) return month(date, zone);
    const short = shortDay(date, zone);
    return years[i] !== years[i - 1] && step_s >= DAY_S ? `${short}\n${years[i]}` : short;
  });
}
