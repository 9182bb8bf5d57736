// Drift against importance: what drifted and matters stands top right.
import { s, show, showMessage } from "./dom.js";
import { offer } from "./downloads.js";
import { count, fixed, number } from "./format.js";
import { approximate, method } from "./methods.js";
import { columnName, t } from "./text.js";

const MARGIN = { top: 14, right: 14, bottom: 40, left: 46 };
const IMPORTANT = 0.5;
const NAMED = 12;
const CROWD = 40;
const FEW = 6; // so many rows of the heat map are no higher than a low drawing

// rows: [{column, importance, total}]; returns {select(column), redraw()}.
export function scatter(box, rows, { measure, choose }) {
  const points = placed(rows);
  if (!points.length) {
    showMessage(box, t("empty.no_importance"), { code: 'agent.baseline(X_train, importance={"feature": 0.3})' });
    return { select() {}, redraw() {} };
  }
  let selected = "";
  const tall = rows.length > FEW;
  const redraw = () => draw(box, points, { measure, selected, choose, tall });
  const observer = new ResizeObserver(redraw);
  observer.observe(box.plot);
  offer("scatter", () => [["column", "importance", measure.metric], ...points.map((point) => [point.column, point.importance, point.value])]);
  box.caption.replaceChildren(scatterCaption(points, rows.length - points.length, measure));
  redraw();
  return { select(column) { selected = column; redraw(); }, redraw, stop: () => observer.disconnect() };
}

// Importance relative to the largest, since libraries scale it differently.
function placed(rows) {
  const known = rows.filter((row) => row.importance !== null && (row.total?.value ?? null) !== null);
  const largest = Math.max(...known.map((row) => Math.abs(row.importance)), 0);
  if (!largest) return [];
  const relative = (row) => Math.abs(row.importance) / largest;
  return known.map((row) => ({ column: row.column, importance: relative(row), value: row.total.value, item: row.total }));
}

function draw(box, points, { measure, selected, choose, tall }) {
  const width = Math.max(260, box.plot.clientWidth);
  const height = tall ? (width < 480 ? 400 : 480) : 300;
  const limit = measure.warning ?? measure.failing;
  const highest = 1.3 * (Math.max(1.6 * (measure.failing ?? limit ?? 0), ...points.map((point) => Math.abs(point.value))) || 1);
  // A square root keeps both thresholds apart when one feature has drifted far.
  const x = (value) => MARGIN.left + (value / 1.04) * (width - MARGIN.left - MARGIN.right);
  const y = (value) => height - MARGIN.bottom - Math.sqrt(Math.abs(value) / highest) * (height - MARGIN.top - MARGIN.bottom);
  const frame = { x, y, width, height, highest, limit, measure };
  const both = points.filter((point) => limit !== null && point.value > limit && point.importance >= IMPORTANT).map((point) => columnName(point.column));
  const svg = s("svg", { class: "scatter", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": t("chart.scatter_label", { n: points.length, metric: measure.name, names: both.join(", ") || t("chart.nobody") }) });
  svg.append(...background(frame), ...dots(points, frame, { measure, selected, choose }), ...names(points, frame, selected));
  show(box, svg);
}

function background(frame) {
  const { x, y, width, height, highest, limit, measure } = frame;
  const [left, right, bottom] = [MARGIN.left, width - MARGIN.right, height - MARGIN.bottom];
  const text = (tx, ty, words, extra) => s("text", { x: tx, y: ty, ...extra }, words);
  const limits = [measure.warning, measure.failing].filter((value) => value !== null);
  const level = (value) => [
    s("line", { class: "threshold", x1: left, x2: right, y1: y(value), y2: y(value) }),
    text(left - 6, y(value) + 4, number(value), { "text-anchor": "end" }),
  ];
  const focus = { class: "focus-quadrant", x: x(IMPORTANT), y: MARGIN.top, width: right - x(IMPORTANT) };
  return [
    limit === null ? "" : s("rect", { ...focus, height: y(limit) - MARGIN.top }),
    s("path", { class: "axis", fill: "none", d: `M${left} ${MARGIN.top}V${bottom}H${right}` }),
    s("line", { class: "threshold", x1: x(IMPORTANT), x2: x(IMPORTANT), y1: MARGIN.top, y2: bottom }),
    ...limits.flatMap(level),
    ...ticks(highest, limits, y).map((value) => text(left - 6, y(value) + 4, number(value), { "text-anchor": "end" })),
    text(left - 6, bottom, "0", { "text-anchor": "end" }),
    ...[0, 0.5, 1].map((value) => text(x(value), bottom + 16, String(value), { "text-anchor": "middle" })),
    text((left + right) / 2, height - 6, t("chart.importance_axis"), { "text-anchor": "middle" }),
    ...quadrants(frame).map((one) => text(one.x, one.y, one.words, { class: "quadrant", "text-anchor": one.anchor })),
  ].filter(Boolean);
}

// Round numbers above the limits, which are named themselves, that come not near one another.
function ticks(highest, limits, y) {
  const lowest = limits.length ? Math.max(...limits) : highest / 40;
  const powers = Array.from({ length: 13 }, (_, i) => i - 6);
  const rounds = powers.flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power)).filter((one) => one > lowest && one < highest);
  const taken = [lowest];
  for (const value of rounds) if (y(taken.at(-1)) - y(value) > 18) taken.push(value);
  return taken.slice(1);
}

// What the four corners are called; without a limit none is better than another.
function quadrants({ y, width, limit }) {
  if (limit === null) return [];
  const [left, right] = [MARGIN.left + 6, width - MARGIN.right - 6];
  const corner = (key, x, at, anchor) => ({ words: t(key), x, y: at, anchor });
  return [
    corner("chart.quadrant_drift", left, MARGIN.top + 12, "start"), corner("chart.quadrant_both", right, MARGIN.top + 12, "end"),
    corner("chart.quadrant_none", left, y(limit) + 16, "start"), corner("chart.quadrant_importance", right, y(limit) + 16, "end"),
  ];
}

function area({ words, x, y, anchor }) {
  const size = [...words].reduce((total, letter) => total + (letter.codePointAt(0) > 0x2e80 ? 12 : 7), 0);
  return { point: null, left: anchor === "end" ? x - size : x, right: anchor === "end" ? x : x + size, top: y - 11, bottom: y + 4 };
}

function dots(points, { x, y }, { measure, selected, choose }) {
  return points.map((point) => {
    const text = `${columnName(point.column)}: ${measure.name} ${measure.format(point.value)}, ${fixed(2)(point.importance)}`;
    const chosen = point.column === selected ? " selected" : "";
    const circle = s("circle", { cx: x(point.importance), cy: y(point.value), r: 6, class: measure.level(point.value) + chosen }, s("title", {}, text));
    circle.addEventListener("click", () => choose(point.column));
    return circle;
  });
}

// Names of what matters most, left out where they would lie over one another.
function names(points, frame, selected) {
  const { x, y, width } = frame;
  const weight = (point) => (point.column === selected ? 10 : 0) + point.importance + Math.sqrt(Math.abs(point.value) / frame.highest);
  const around = (point, cx, cy) => ({ point, left: cx - 6, right: cx + 6, top: cy - 6, bottom: cy + 6 });
  const dot = (point) => around(point, x(point.importance), y(point.value));
  const taken = [...(points.length <= CROWD ? points.map(dot) : []), ...quadrants(frame).map(area)];
  const texts = [];
  for (const point of [...points].sort((a, b) => weight(b) - weight(a)).slice(0, NAMED)) {
    const words = shorten(columnName(point.column));
    const size = 7 * words.length;
    const [cx, cy] = [x(point.importance), y(point.value)];
    const beside = [[cx + 9, cy], [cx - 9 - size, cy], [cx - size / 2, cy - 16], [cx - size, cy + 18], [cx - size, cy - 16]]
      .map(([left, at]) => ({ left, right: left + size, top: at - 8, bottom: at + 6, at }));
    const free = (place) => place.left >= MARGIN.left && place.right <= width - MARGIN.right && place.top > MARGIN.top + 14
      && !taken.some((other) => other.point !== point && overlap(place, other));
    const place = beside.find(free);
    if (!place) continue;
    taken.push(place);
    texts.push(s("text", { class: "name", x: place.left, y: place.at + 4 }, words));
  }
  return texts;
}

const shorten = (name) => (name.length > 22 ? `${name.slice(0, 20)}…` : name);

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

function scatterCaption(points, unknown, measure) {
  const items = points.map((point) => point.item);
  return [
    t("chart.n_predictions", { n: count(Math.max(...items.map((item) => item.n))) }),
    t("chart.psi_axis", { metric: measure.name }),
    method(items),
    approximate(items),
    unknown ? t("chart.scatter_unknown", { n: unknown, metric: measure.name }) : "",
  ].filter(Boolean).join(" · ");
}
