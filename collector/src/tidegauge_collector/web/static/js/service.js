// Beside the lines of the service: which errors there were, and what is left of the error budgets.
import { measurements } from "./api.js";
import { chart, h, show, showMessage } from "./dom.js";
import { offer } from "./downloads.js";
import { count, number, percentOne } from "./format.js";
import { arrived } from "./lines.js";
import { t } from "./text.js";

const ROWS = 12;
const DAY_S = 86_400;

// Counts by name over the whole range: errors by class, requests by caller.
const COUNTED = {
  classes: { metric: "errors", of: "by_class", head: "chart.class", nothing: "empty.no_errors" },
  consumers: { metric: "consumers", of: "by_consumer", head: "chart.consumer", nothing: "empty.no_consumers" },
};

export async function drawCounted(view, name) {
  const { metric, of, head, nothing } = COUNTED[name];
  const box = chart(name);
  const { items } = await measurements(arrived(view), metric, { step: "total" });
  const totals = Object.entries(items[0]?.parameters?.[of] ?? {}).sort((a, b) => b[1] - a[1]);
  if (!totals.length) {
    showMessage(box, t(nothing));
    return;
  }
  const most = totals[0][1];
  const rows = totals.slice(0, ROWS).map(([key, n]) => h("tr", {}, h("th", { scope: "row", class: "label", title: key }, h("bdi", {}, key)), h("td", {}, bar(n / most)), h("td", { class: "num" }, count(n))));
  show(box, h("div", { class: "bars-scroll", tabindex: "0" }, h("table", { class: "bars" }, h("tbody", {}, ...rows))));
  box.caption.replaceChildren([t("chart.n_requests", { n: count(items[0].n) }), totals.length > ROWS ? t("chart.more_series", { n: totals.length - ROWS }) : ""].filter(Boolean).join(" · "));
  offer(name, () => [[t(head), t("chart.count")], ...totals]);
}

export async function drawBudgets(view) {
  const box = chart("budget");
  const objectives = JSON.parse(document.getElementById("objectives").dataset.objectives);
  const end = Date.parse(view.serviceEnd);
  const told = await Promise.all(objectives.map(async (one) => {
    const start = new Date(end - 1000 * one.objective_window_s).toISOString();
    const { items: [item] } = await measurements({ ...arrived(view), start }, "error_rate", { step: "total" });
    const burnt = item?.value === null || item === undefined ? null : item.value / (1 - one.objective);
    return { ...one, total: item?.n ?? 0, bad: Math.round((item?.value ?? 0) * (item?.n ?? 0)), left: burnt === null ? null : 1 - burnt };
  }));
  const rows = told.map((one) => h("tr", {}, h("th", { scope: "row", class: "label" }, h("bdi", {}, one.name || one.id),
    h("span", { class: "sub" }, t("chart.budget_of", { objective: `${number(100 * one.objective)} %`, days: number(one.objective_window_s / DAY_S), bad: count(one.bad), total: count(one.total) }))),
    h("td", {}, bar(Math.max(0, one.left ?? 0), one.left !== null && one.left < 0.25 ? "low" : "")), h("td", { class: "num" }, one.left === null ? "–" : t("chart.budget_left", { share: percentOne(one.left) }))));
  show(box, h("table", { class: "bars budgets" }, h("tbody", {}, ...rows)));
  box.caption.replaceChildren(t("chart.n_requests", { n: count(Math.max(0, ...told.map((one) => one.total))) }));
  offer("budget", () => [["objective", "bad", "total", "left"], ...told.map((one) => [one.name || one.id, one.bad, one.total, one.left])]);
}

function bar(share, extra = "") {
  const element = h("div", { class: `bar window ${extra}` });
  element.style.width = `${100 * share}%`;
  return element;
}
