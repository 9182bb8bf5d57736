// A chart as it is seen, painted anew on one canvas: its text, boxes, canvases and drawings. Controls are left out.
import { cssColour } from "./dom.js";

const SCALE = 2;
const LEFT_OUT = "button, input, label.filter, details, .chart-tools, .unseen, .readout, [hidden]";
const PAINTED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-family", "font-weight", "text-anchor"];

// -> Promise of a Blob (PNG).
export async function picture(figure) {
  const frame = figure.getBoundingClientRect();
  const canvas = Object.assign(document.createElement("canvas"), { width: SCALE * frame.width, height: SCALE * frame.height });
  const ctx = canvas.getContext("2d");
  ctx.scale(SCALE, SCALE);
  ctx.fillStyle = cssColour("surface");
  ctx.fillRect(0, 0, frame.width, frame.height);
  ctx.translate(-frame.left, -frame.top);
  await paint(ctx, figure);
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

async function paint(ctx, element) {
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) paintText(ctx, node);
    if (node.nodeType !== Node.ELEMENT_NODE || (node.matches(LEFT_OUT) && !node.matches("th button"))) continue;
    const style = getComputedStyle(node);
    if (style.display === "none" || style.visibility === "hidden") continue;
    if (node.tagName === "CANVAS") paintCanvas(ctx, node);
    else if (node instanceof SVGSVGElement) await paintDrawing(ctx, node);
    else {
      paintBox(ctx, node, style);
      await paint(ctx, node);
    }
  }
}

function paintCanvas(ctx, node) {
  const box = node.getBoundingClientRect();
  ctx.imageSmoothingEnabled = false;
  if (box.width && box.height) ctx.drawImage(node, box.left, box.top, box.width, box.height);
}

function paintBox(ctx, node, style) {
  const box = node.getBoundingClientRect();
  if (style.backgroundColor !== "rgba(0, 0, 0, 0)") {
    ctx.fillStyle = style.backgroundColor;
    ctx.fillRect(box.left, box.top, box.width, box.height);
  }
  if (Number.parseFloat(style.borderTopWidth) && style.borderTopStyle === "solid" && style.borderLeftStyle === "solid") {
    ctx.strokeStyle = style.borderTopColor;
    ctx.strokeRect(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1);
  }
}

// A line of the text at a time, where the browser broke it.
function paintText(ctx, node) {
  const style = getComputedStyle(node.parentElement);
  const range = document.createRange();
  const lines = [];
  for (let i = 0; i < node.length; i += 1) {
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    const last = lines.at(-1);
    if (last && Math.abs(last.top - box.top) < 2) last.text += node.data[i];
    else lines.push({ text: node.data[i], left: box.left, top: box.top, height: box.height });
  }
  ctx.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  ctx.fillStyle = style.color;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const { text, left, top, height } of lines) ctx.fillText(text, left, top + height / 2);
}

// The styles of the page do not reach an image: they are written into a copy.
async function paintDrawing(ctx, svg) {
  const box = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const [from, to] = [svg, copy].map((one) => [one, ...one.querySelectorAll("*")]);
  from.forEach((node, i) => {
    const style = getComputedStyle(node);
    for (const name of PAINTED) to[i].setAttribute(name, style.getPropertyValue(name));
  });
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const image = new Image(box.width, box.height);
  image.src = url;
  await image.decode();
  ctx.drawImage(image, box.left, box.top, box.width, box.height);
  URL.revokeObjectURL(url);
}
