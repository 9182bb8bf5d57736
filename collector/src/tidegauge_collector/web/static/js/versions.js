// The versions of a deployment beside one another over the range.
import { measurements } from "./api.js";
import { caption } from "./captions.js";
import { chart, showMessage } from "./dom.js";
import { formatterOf } from "./format.js";
import { arrived } from "./lines.js";
import { drawLines } from "./linechart.js";
import { t } from "./text.js";

const MOST = 6;

export const VERSION_CHARTS = {
  version_rows: (view) => draw("version_rows", arrived(view), "predictions", "chart.n_requests"),
  version_drift: (view) => draw("version_drift", view, "drifted_share", "chart.n_features"),
  version_accuracy: (view) => draw("version_accuracy", view, view.metric, "chart.n_labelled"),
};

async function draw(name, view, metric, n) {
  if (!view.start) {
    showMessage(chart(name), t("empty.no_rows"));
    return;
  }
  const versions = view.versions.slice(-MOST).reverse();
  const answers = await Promise.all(versions.map((version) => measurements({ ...view, version }, metric)));
  const series = versions.map((version, i) => ({ label: version, items: answers[i].items, colour: `series-${i + 1}`, format: formatterOf(metric) }));
  const left = view.versions.length - versions.length;
  drawLines(name, {
    step: view.step, zone: view.zone, series, zero: metric !== view.metric,
    caption: [caption({ items: answers.flatMap((one) => one.items), truncated: false }, { n, step: view.step }), left ? t("chart.more_series", { n: left }) : ""].filter(Boolean).join(" · "),
  });
}
