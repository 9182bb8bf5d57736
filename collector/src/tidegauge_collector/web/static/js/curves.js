// What accuracy looks like over the whole range: confusion matrix, ROC, calibration, lift, predicted against actual.
import { curves, measurements } from "./api.js";
import { chart, h, s, show, showMessage } from "./dom.js";
import { offer } from "./downloads.js";
import { count, number, percentOne } from "./format.js";
import { path, plane } from "./plane.js";
import { label, t } from "./text.js";

const whole = (share) => `${Math.round(100 * share)} %`;
const SHARE = { low: 0, high: 1, format: whole };
const MOST_CELLS = 12;

export const CURVES = ["roc", "calibration", "lift", "deciles", "predicted_actual"];

export async function drawConfusion(view) {
  const box = chart("confusion");
  const { items: [item] } = await measurements(view, "confusion_matrix", { step: "total" });
  const { classes, matrix, threshold } = item?.parameters ?? {};
  if (!matrix || !item.n) {
    showMessage(box, t("empty.no_rows"));
    return;
  }
  const names = classes.slice(0, MOST_CELLS);
  const rows = matrix.slice(0, MOST_CELLS).map((row) => row.slice(0, MOST_CELLS));
  const head = h("tr", {}, h("td", {}), ...names.map((name) => h("th", { scope: "col" }, h("bdi", {}, name))));
  const body = rows.map((row, i) => {
    const total = matrix[i].reduce((a, b) => a + b, 0) || 1;
    const cells = row.map((n, j) => {
      const cell = h("td", { class: i === j ? "right" : "wrong" }, count(n), h("span", { class: "sub" }, percentOne(n / total)));
      cell.style.setProperty("--share", n / total);
      return cell;
    });
    return h("tr", {}, h("th", { scope: "row" }, h("bdi", {}, names[i])), ...cells);
  });
  show(box, h("div", { class: "table-scroll wide", tabindex: "0" }, h("table", { class: "confusion" }, h("thead", {}, head), h("tbody", {}, ...body))));
  box.caption.replaceChildren([t("chart.actual_down"), t("chart.n_labelled", { n: count(item.n) }), how("count"),
    threshold === undefined ? "" : t("parameter.threshold", { value: threshold }),
    classes.length > MOST_CELLS ? t("chart.more_series", { n: classes.length - MOST_CELLS }) : ""].filter(Boolean).join(" · "));
  offer("confusion", () => [["", ...classes], ...matrix.map((row, i) => [classes[i], ...row])]);
}

export async function drawCurves(view, names) {
  const answer = await curves(view);
  for (const name of names) DRAWINGS[name](chart(name), answer, name);
}

const DRAWINGS = { roc, calibration, lift: tenths, deciles: tenths, predicted_actual: points };

// The next of 1, 2, 4, 6, 8, 10 times a power of ten: quarters of it are round, too.
function round(value) {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * [1, 2, 4, 6, 8, 10].find((times) => times * unit >= value);
}

const how = (name) => t("chart.method", { method: label("method", name) });

const wide = (box) => Math.max(260, box.plot.clientWidth);

function roc(box, answer) {
  if (!answer.roc?.length) return nothing(box, answer);
  const { svg, x, y } = plane(wide(box), { x: { ...SHARE, title: t("chart.false_positives") }, y: { ...SHARE, title: t("chart.true_positives") }, label: t("chart.true_positives") });
  svg.append(path([[x(0), y(0)], [x(1), y(1)]], "chance"), path(answer.roc.map((one) => [x(one.fpr), y(one.tpr)]), "curve"));
  const text = [t("chart.n_labelled", { n: count(answer.n) }), t("chart.positives", { n: count(answer.positives) }), how("every_score")].join(" · ");
  return finish(box, "roc", svg, text, [["fpr", "tpr", "threshold"], ...answer.roc.map((one) => [one.fpr, one.tpr, one.threshold])]);
}

function calibration(box, answer) {
  const bins = answer.calibration ?? [];
  if (!bins.length) return nothing(box, answer);
  const { svg, x, y } = plane(wide(box), { x: { ...SHARE, title: t("chart.mean_score") }, y: { ...SHARE, title: t("chart.share_positive") }, label: t("chart.mean_score") });
  const most = Math.max(...bins.map((bin) => bin.n));
  svg.append(path([[x(0), y(0)], [x(1), y(1)]], "chance"), path(bins.map((bin) => [x(bin.predicted), y(bin.actual)]), "curve"));
  for (const bin of bins) {
    const said = `${percentOne(bin.predicted)} → ${percentOne(bin.actual)}, n = ${count(bin.n)}`;
    svg.append(s("circle", { class: "dot", cx: x(bin.predicted), cy: y(bin.actual), r: 3 + 5 * Math.sqrt(bin.n / most) }, s("title", {}, said)));
  }
  return finish(box, "calibration", svg, [t("chart.n_labelled", { n: count(answer.n) }), how("tenths_of_score")].join(" · "), table(bins));
}

// Ten parts by score: a bar for the truth, a line for what was said.
function tenths(box, answer, name) {
  const bins = answer[name] ?? [];
  if (!bins.length) return nothing(box, answer);
  const format = name === "lift" ? whole : number;
  const all = bins.flatMap((bin) => [bin.actual, bin.predicted]);
  const y = { low: Math.min(0, ...all), high: round(Math.max(...all)), format, title: t(name === "lift" ? "chart.share_positive" : "chart.actual") };
  const places = { low: 0.5, high: bins.length + 0.5, ticks: bins.map((_, i) => i + 1), format: String, title: t("chart.tenth") };
  const { svg, x, y: up } = plane(wide(box), { x: places, y, label: y.title });
  const width = Math.max(4, (x(2) - x(1)) * 0.7);
  bins.forEach((bin, i) => {
    const top = Math.min(up(bin.actual), up(0));
    const said = `${i + 1}: ${format(bin.predicted)} → ${format(bin.actual)}, n = ${count(bin.n)}`;
    svg.append(s("rect", { class: "bar-of", x: x(i + 1) - width / 2, y: top, width, height: Math.abs(up(bin.actual) - up(0)) }, s("title", {}, said)));
  });
  svg.append(path(bins.map((bin, i) => [x(i + 1), up(bin.predicted)]), "curve second"));
  const n = bins.reduce((total, bin) => total + bin.n, 0);
  const mean = bins.reduce((total, bin) => total + bin.n * bin.actual, 0) / n;
  const text = [t("chart.n_labelled", { n: count(n) }), how("tenths_of_rows"), t("chart.overall", { n: format(mean) }), `▬ ${t("chart.actual")}`, `— ${t("chart.predicted")}`];
  return finish(box, name, svg, text.join(" · "), table(bins));
}

function points(box, answer) {
  const rows = answer.scatter ?? [];
  if (!rows.length) return nothing(box, answer);
  const all = rows.flatMap((row) => [row.predicted, row.actual]);
  const span = { low: Math.min(...all), high: Math.max(...all), format: number };
  const { svg, x, y } = plane(wide(box), { x: { ...span, title: t("chart.predicted") }, y: { ...span, title: t("chart.actual") }, label: t("chart.actual") });
  svg.append(path([[x(span.low), y(span.low)], [x(span.high), y(span.high)]], "chance"));
  for (const row of rows) svg.append(s("circle", { class: "dot", cx: x(row.predicted), cy: y(row.actual), r: 3 }));
  const text = [t("chart.n_labelled", { n: `${count(rows.length)} / ${count(answer.n)}` }), how("sample")].join(" · ");
  return finish(box, "predicted_actual", svg, text, [["predicted", "actual"], ...rows.map((row) => [row.predicted, row.actual])]);
}

const table = (bins) => [["n", "predicted", "actual"], ...bins.map((bin) => [bin.n, bin.predicted, bin.actual])];

function finish(box, name, svg, text, rows) {
  show(box, svg);
  box.caption.replaceChildren(text);
  offer(name, () => rows);
}

const nothing = (box, answer) => showMessage(box, t(answer.n ? "empty.one_class" : "empty.no_rows"));

