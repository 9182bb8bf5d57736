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

// Asks for the view that the pickers stand on, which after a failure need not be the one that is shown.
const askAgain = () => document.getElementById("pickers").requestSubmit();

const hasFailed = () => document.querySelector("#view[data-outdated], #view .message-error") !== null;

function outdated({ detail }) {
  if (detail.target.id === "view") document.getElementById("view").dataset.outdated = "true";
}

// The status is asked for every minute: when it comes, what could not be read is tried again.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "view") draw();
  else if (detail.target.id === "status" && hasFailed()) askAgain();
});
document.addEventListener("htmx:sendError", outdated);
document.addEventListener("htmx:responseError", outdated);
document.addEventListener(RETRY, askAgain);
draw();
