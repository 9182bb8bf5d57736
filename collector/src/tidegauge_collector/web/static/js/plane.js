// Small drawings in SVG with two number axes: curves, points, bars.
import { s } from "./dom.js";

const MARGIN = { top: 12, right: 26, bottom: 42, left: 70 };
const HEIGHT = 272;

// x, y: {low, high, title, format}; returns {svg, x(value), y(value), frame}: what is put into svg lies over the axes.
export function plane(width, { x, y, label }) {
  const frame = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: HEIGHT - MARGIN.bottom };
  const across = (value) => frame.left + ((value - x.low) / (x.high - x.low || 1)) * (frame.right - frame.left);
  const up = (value) => frame.bottom - ((value - y.low) / (y.high - y.low || 1)) * (frame.bottom - frame.top);
  const svg = s("svg", { class: "plane", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label });
  for (const value of x.ticks ?? ticks(x)) svg.append(s("text", { x: across(value), y: frame.bottom + 16, "text-anchor": "middle" }, x.format(value)));
  for (const value of ticks(y)) {
    svg.append(s("line", { class: "grid", x1: frame.left, x2: frame.right, y1: up(value), y2: up(value) }),
      s("text", { x: frame.left - 6, y: up(value) + 4, "text-anchor": "end" }, y.format(value)));
  }
  svg.append(s("path", { class: "axis", d: `M${frame.left} ${frame.top}V${frame.bottom}H${frame.right}` }),
    s("text", { x: (frame.left + frame.right) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, x.title),
    s("text", { class: "y-title", transform: `translate(11 ${(frame.top + frame.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, y.title));
  return { svg, x: across, y: up, frame };
}

export const ticks = ({ low, high }) => [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low));

export const path = (points, kind) => s("path", { class: kind, d: points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") });
