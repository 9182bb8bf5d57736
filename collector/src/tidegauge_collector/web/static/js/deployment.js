// Draws the page of one deployment: reads what the server chose from #view, again after each change of a picker.
import { drawAccuracy } from "./accuracy.js";
import { attempt } from "./attempt.js";
import { RETRY } from "./dom.js";
import { drawDrift } from "./drift.js";
import { forgetAll } from "./linechart.js";
import { serviceCharts } from "./service.js";

let reading = new AbortController();

async function draw() {
  reading.abort();
  reading = new AbortController();
  forgetAll();
  const element = document.getElementById("view");
  if (!element) return;
  const view = readView(element, reading.signal);
  const has = (name) => document.getElementById(`chart-${name}`) !== null;
  await Promise.all([
    ...Object.entries(serviceCharts).map(([name, drawOne]) => has(name) && attempt(view, [name], () => drawOne(view))),
    has("heat") && attempt(view, ["heat", "scatter", "feature_line", "histogram", "feature_missing"], () => drawDrift(view)),
    has("accuracy_line") && attempt(view, ["accuracy_line", "coverage"], () => drawAccuracy(view)),
  ]);
  if (!view.signal.aborted) element.dataset.drawn = "true";
}

// {deployment, start, end, step, serviceStart, serviceEnd, serviceStep, zone, segment, version, feature, metric, columns, signal}
function readView({ dataset }, signal) {
  return { ...dataset, columns: JSON.parse(dataset.columns), signal };
}

// The status is asked for every minute: when it comes, charts that could not be read are tried again.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const isBack = detail.target.id === "status" && document.querySelector("#view .message-error");
  if (detail.target.id === "view" || isBack) draw();
});
document.addEventListener(RETRY, draw);
draw();
