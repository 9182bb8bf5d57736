// Draws the pages of one deployment: reads what the server chose from #view, again after each change of a picker.
import { attempt } from "./attempt.js";
import { RETRY } from "./dom.js";
import { isoMinute, windowName } from "./format.js";
import { declared, drawDeclared } from "./lines.js";
import { ZOOM, forgetAll } from "./linechart.js";
import { say } from "./said.js";
import { t } from "./text.js";

let reading = new AbortController();

const has = (name) => document.getElementById(`chart-${name}`) !== null;

// What a page has beside declared lines: its charts, and the module that draws them, loaded where they are.
const DRAWERS = [
  [["heat", "scatter", "feature_line", "histogram", "statistics", "feature_missing"], async (view) => (await import("./drift.js")).drawDrift(view)],
  [["confusion"], async (view) => (await import("./curves.js")).drawConfusion(view)],
  [["roc", "calibration", "lift"], async (view) => (await import("./curves.js")).drawCurves(view, ["roc", "calibration", "lift"])],
  [["deciles", "predicted_actual"], async (view) => (await import("./curves.js")).drawCurves(view, ["deciles", "predicted_actual"])],
  ...["classes", "consumers"].map((name) => [[name], async (view) => (await import("./service.js")).drawCounted(view, name)]),
  [["missing", "feature_missing"], async (view) => (await import("./quality.js")).drawQuality(view)],
  [["segments"], async (view) => (await import("./segments.js")).drawSegments(view)],
  [["groups"], async (view) => (await import("./groups.js")).drawGroups(view)],
  ...["version_rows", "version_drift", "version_accuracy"].map((name) => [[name], async (view) => (await import("./versions.js")).VERSION_CHARTS[name](view)]),
];

async function draw() {
  reading.abort();
  reading = new AbortController();
  forgetAll();
  const element = document.getElementById("view");
  if (!element) return;
  const view = readView(element, reading.signal);
  const [columns, owned] = ["data-column", "data-own"].map((mark) => [...document.querySelectorAll(`figure[${mark}]`)].map((figure) => figure.id.slice("chart-".length)));
  await Promise.all([
    ...declared().map((name) => attempt(view, [name], () => drawDeclared(view, name))),
    ...DRAWERS.filter(([[first]]) => has(first)).map(([names, drawAll]) => attempt(view, names, () => drawAll(view))),
    ...owned.map((name) => attempt(view, [name], async () => (await import("./own.js")).drawOwn(view, name))),
    ...columns.map((name) => attempt(view, [name], async () => (await import("./moments.js")).drawMoments(view, name))),
  ]);
  if (!view.signal.aborted) element.dataset.drawn = "true";
}

// Also said, since only eyes see charts change.
async function drawAnew() {
  await draw();
  const { start, end, zone, drawn } = document.getElementById("view").dataset;
  if (drawn) say(t("said.shown", { start: windowName(start, "hour", zone), end: windowName(end, "hour", zone) }));
}

const parsed = ({ columns, segments, versions, limits }) => Object.fromEntries(
  Object.entries({ columns, segments, versions, limits }).filter(([, text]) => text !== undefined).map(([name, text]) => [name, JSON.parse(text)]),
);

// {deployment, start, end, step, serviceStart, …, zone, segment, version, feature, metric, statistic?, limits?, columns?, segments?, versions?, signal}
function readView({ dataset }, signal) {
  const view = { ...dataset, ...parsed(dataset), signal };
  if (view.columns) view.columns = Object.entries(view.columns).map(([name, importance]) => ({ name, importance }));
  return view;
}

// Asks for the view that the pickers stand on, which after a failure need not be the one that is shown.
const askAgain = () => document.getElementById("pickers").requestSubmit();

const hasFailed = () => document.querySelector("#view[data-outdated], #view .message-error") !== null;

function outdated({ detail }) {
  if (detail.target.id === "view") document.getElementById("view").dataset.outdated = "true";
}

// Dragging over a chart is a range that the address keeps, like any other.
function zoom({ detail: { start, end } }) {
  const { zone } = document.getElementById("view").dataset;
  const pickers = document.getElementById("pickers");
  const local = (seconds) => isoMinute(new Date(1000 * seconds), zone);
  pickers.elements.start.value = local(start);
  pickers.elements.end.value = local(end);
  pickers.querySelector('[name="range"][value="custom"]').checked = true;
  pickers.requestSubmit();
}

// The tabs lead on with what is picked now, which has changed since the server wrote their links.
document.addEventListener("click", ({ target }) => {
  const link = target.closest("[data-tab]");
  if (!link) return;
  const address = new URL(link.href);
  address.search = location.search;
  link.href = address.href;
});

// Where the deployment stands is asked for every minute: when it comes, what could not be read is tried again.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "view") drawAnew();
  else if (["standing", "agents"].includes(detail.target.id) && hasFailed()) askAgain();
});
document.addEventListener("htmx:sendError", outdated);
document.addEventListener("htmx:responseError", outdated);
document.addEventListener(RETRY, askAgain);
document.addEventListener(ZOOM, zoom);
if (document.getElementById("view")) draw();
if (document.querySelector(".own-form")) import("./ownform.js");
if (document.getElementById("settings-form")) import("./settings.js");
