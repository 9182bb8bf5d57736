// Levels across a line chart (thresholds, the baseline): a dashed line each, its name at the right edge.
import { cssColour } from "./dom.js";

const LINE_HEIGHT = 15;
const BETWEEN = 12;

// marks: [{value, label, colour}]; a name that would lie on the one above it moves to its left.
export function drawMarks(u, marks) {
  const ratio = window.devicePixelRatio;
  const { ctx, bbox } = u;
  const right = bbox.left + bbox.width - 2 * ratio;
  ctx.save();
  ctx.font = `${11.5 * ratio}px ${cssColour("font")}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  let above = { y: Number.NEGATIVE_INFINITY, left: right };
  for (const mark of [...marks].sort((a, b) => b.value - a.value)) {
    const y = Math.round(u.valToPos(mark.value, "y", true)) + 0.5;
    const end = y - above.y < LINE_HEIGHT * ratio ? above.left - BETWEEN * ratio : right;
    line(ctx, bbox, y, { colour: cssColour(mark.colour), ratio });
    name(ctx, mark.label, end, y - 2 * ratio, ratio);
    above = { y, left: end - ctx.measureText(mark.label).width };
  }
  ctx.restore();
}

function line(ctx, bbox, y, { colour, ratio }) {
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = ratio;
  ctx.setLineDash([5 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
}

// With a rim in the colour of the ground, so that it can be read over the lines.
function name(ctx, text, x, y, ratio) {
  ctx.setLineDash([]);
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = cssColour("surface");
  ctx.strokeText(text, x, y);
  ctx.fillText(text, x, y);
}

// moments: [{at, label, minor}]: a dashed line down at each time within the axis, and its name along the top, beside the line where
// there is room; what is minor is named last.
export function drawMoments(u, moments) {
  const ratio = window.devicePixelRatio;
  const { ctx, bbox } = u;
  const within = moments.filter((one) => one.at >= u.scales.x.min && one.at <= u.scales.x.max)
    .map((one) => ({ ...one, x: Math.round(u.valToPos(one.at, "x", true)) + 0.5, text: shortened(one.label) }));
  ctx.save();
  ctx.font = `${11 * ratio}px ${cssColour("font")}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  ctx.strokeStyle = ctx.fillStyle = cssColour("muted");
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.lineWidth = ratio;
  for (const { x } of within) down(ctx, bbox, x);
  const taken = [];
  for (const { x, text } of within.sort((one, other) => Boolean(one.minor) - Boolean(other.minor) || one.at - other.at)) {
    const width = ctx.measureText(text).width;
    const gap = 3 * ratio;
    const left = [x + gap, x - gap - width].find((at) => at >= bbox.left && at + width <= bbox.left + bbox.width
      && taken.every(([from, to]) => at + width + gap < from || at > to + gap));
    if (left === undefined) continue;
    taken.push([left, left + width]);
    name(ctx, text, left, bbox.top + 2 * ratio, ratio);
  }
  ctx.restore();
}

const shortened = (text) => (text.length > 24 ? `${text.slice(0, 22)}…` : text);

function down(ctx, bbox, x) {
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
}
