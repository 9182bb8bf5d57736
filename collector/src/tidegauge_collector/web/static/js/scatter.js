// Drift against importance: what drifted and matters stands top right.
import { s, show, showMessage } from "./dom.js";
import { offer } from "./downloads.js";
import { count, fixed } from "./format.js";
import { FAILING, WARNING, level } from "./heat.js";
import { approximate, method } from "./methods.js";
import { columnName, t } from "./text.js";

const MARGIN = { top: 14, right: 14, bottom: 40, left: 46 };
const IMPORTANT = 0.5;
const NAMED = 12;
const CROWD = 40;
const FEW = 6; // so many rows of the heat map are no higher than a low drawing

// rows: [{column, importance, total}]; returns {select(column), redraw()}.
export function scatter(box, rows, { choose }) {
  const points = placed(rows);
  if (!points.length) {
    showMessage(box, t("empty.no_importance"), { code: 'agent.baseline(X_train, importance={"feature": 0.3})' });
    return { select() {}, redraw() {} };
  }
  let selected = "";
  const tall = rows.length > FEW;
  const redraw = () => draw(box, points, { selected, choose, tall });
  const observer = new ResizeObserver(redraw);
  observer.observe(box.plot);
  offer("scatter", () => [["column", "importance", "psi"], ...points.map((point) => [point.column, point.importance, point.psi])]);
  box.caption.replaceChildren(scatterCaption(points, rows.length - points.length));
  redraw();
  return { select(column) { selected = column; redraw(); }, redraw, stop: () => observer.disconnect() };
}

// Importance relative to the largest, since libraries scale it differently.
function placed(rows) {
  const known = rows.filter((row) => row.importance !== null && (row.total?.value ?? null) !== null);
  const largest = Math.max(...known.map((row) => Math.abs(row.importance)), 0);
  if (!largest) return [];
  const relative = (row) => Math.abs(row.importance) / largest;
  return known.map((row) => ({ column: row.column, importance: relative(row), psi: row.total.value, item: row.total }));
}

function draw(box, points, { selected, choose, tall }) {
  const width = Math.max(260, box.plot.clientWidth);
  const height = tall ? (width < 480 ? 400 : 480) : 300;
  const highest = Math.max(0.4, ...points.map((point) => point.psi)) * 1.3;
  // A square root keeps both thresholds apart when one feature has drifted far.
  const x = (value) => MARGIN.left + (value / 1.04) * (width - MARGIN.left - MARGIN.right);
  const y = (value) => height - MARGIN.bottom - Math.sqrt(value / highest) * (height - MARGIN.top - MARGIN.bottom);
  const frame = { x, y, width, height, highest };
  const both = points.filter((point) => point.psi > WARNING && point.importance >= IMPORTANT).map((point) => columnName(point.column));
  const svg = s("svg", { class: "scatter", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": t("chart.scatter_label", { n: points.length, names: both.join(", ") || t("chart.nobody") }) });
  svg.append(...background(frame), ...dots(points, frame, { selected, choose }), ...names(points, frame, selected));
  show(box, svg);
}

function background({ x, y, width, height, highest }) {
  const [left, right, bottom] = [MARGIN.left, width - MARGIN.right, height - MARGIN.bottom];
  const text = (tx, ty, words, extra) => s("text", { x: tx, y: ty, ...extra }, words);
  const level = (value) => [
    s("line", { class: "threshold", x1: left, x2: right, y1: y(value), y2: y(value) }),
    text(left - 6, y(value) + 4, String(value), { "text-anchor": "end" }),
  ];
  const upper = [0.5, 1, 2, 5, 10].filter((value) => value < highest && y(FAILING) - y(value) > 18);
  return [
    s("rect", { class: "focus-quadrant", x: x(IMPORTANT), y: MARGIN.top, width: right - x(IMPORTANT), height: y(WARNING) - MARGIN.top }),
    s("path", { class: "axis", fill: "none", d: `M${left} ${MARGIN.top}V${bottom}H${right}` }),
    s("line", { class: "threshold", x1: x(IMPORTANT), x2: x(IMPORTANT), y1: MARGIN.top, y2: bottom }),
    ...level(WARNING), ...level(FAILING),
    ...upper.map((value) => text(left - 6, y(value) + 4, String(value), { "text-anchor": "end" })),
    text(left - 6, bottom, "0", { "text-anchor": "end" }),
    ...[0, 0.5, 1].map((value) => text(x(value), bottom + 16, String(value), { "text-anchor": "middle" })),
    text((left + right) / 2, height - 6, t("chart.importance_axis"), { "text-anchor": "middle" }),
    text(left + 6, MARGIN.top + 12, t("chart.quadrant_drift"), { class: "quadrant" }),
    text(right - 6, MARGIN.top + 12, t("chart.quadrant_both"), { class: "quadrant", "text-anchor": "end" }),
    text(left + 6, y(WARNING) + 16, t("chart.quadrant_none"), { class: "quadrant" }),
    text(right - 6, y(WARNING) + 16, t("chart.quadrant_importance"), { class: "quadrant", "text-anchor": "end" }),
  ];
}

function dots(points, { x, y }, { selected, choose }) {
  return points.map((point) => {
    const text = `${columnName(point.column)}: PSI ${fixed(3)(point.psi)}, ${fixed(2)(point.importance)}`;
    const chosen = point.column === selected ? " selected" : "";
    const circle = s("circle", { cx: x(point.importance), cy: y(point.psi), r: 6, class: level(point.psi) + chosen }, s("title", {}, text));
    circle.addEventListener("click", () => choose(point.column));
    return circle;
  });
}

// Names of what matters most, left out where they would lie over one another.
function names(points, { x, y, width }, selected) {
  const weight = (point) => (point.column === selected ? 10 : 0) + point.importance + Math.sqrt(point.psi);
  const around = (point, cx, cy) => ({ point, left: cx - 6, right: cx + 6, top: cy - 6, bottom: cy + 6 });
  const dot = (point) => around(point, x(point.importance), y(point.psi));
  const taken = points.length <= CROWD ? points.map(dot) : [];
  const texts = [];
  for (const point of [...points].sort((a, b) => weight(b) - weight(a)).slice(0, NAMED)) {
    const words = shorten(columnName(point.column));
    const size = 7 * words.length;
    const [cx, cy] = [x(point.importance), y(point.psi)];
    const beside = [cx + 9, cx - 9 - size].map((left) => ({ left, right: left + size, top: cy - 8, bottom: cy + 6 }));
    const free = (area) => area.left >= MARGIN.left && area.right <= width - MARGIN.right && area.top > MARGIN.top + 14
      && !taken.some((other) => other.point !== point && overlap(area, other));
    const area = beside.find(free);
    if (!area) continue;
    taken.push(area);
    const flipped = area === beside[1];
    texts.push(s("text", { class: "name", x: flipped ? cx - 9 : cx + 9, y: cy + 4, "text-anchor": flipped ? "end" : "start" }, words));
  }
  return texts;
}

const shorten = (name) => (name.length > 22 ? `${name.slice(0, 20)}…` : name);

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

function scatterCaption(points, unknown) {
  const items = points.map((point) => point.item);
  return [
    t("chart.n_predictions", { n: count(Math.max(...items.map((item) => item.n))) }),
    t("chart.psi_axis"),
    method(items),
    approximate(items),
    unknown ? t("chart.scatter_unknown", { n: unknown }) : "",
  ].filter(Boolean).join(" · ");
}
