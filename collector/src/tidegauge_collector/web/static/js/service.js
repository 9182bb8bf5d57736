// Beside the lines of the service: which errors there were, and who called.
import { measurements } from "./api.js";
import { chart, h, show, showMessage } from "./dom.js";
import { offer } from "./downloads.js";
import { count } from "./format.js";
import { arrived } from "./lines.js";
import { label, t } from "./text.js";

const ROWS = 12;

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
  const rows = totals.slice(0, ROWS).map(([key, n]) => h("tr", {}, h("th", { scope: "row", class: "label", title: named(key, name) }, h("bdi", {}, named(key, name))), h("td", {}, bar(n / most)), h("td", { class: "num" }, count(n))));
  show(box, h("div", { class: "bars-scroll", tabindex: "0" }, h("table", { class: "bars" }, h("tbody", {}, ...rows))));
  box.caption.replaceChildren([t("chart.n_requests", { n: count(items[0].n) }), t("chart.method", { method: label("method", "count") }), totals.length > ROWS ? t("chart.more_series", { n: totals.length - ROWS }) : ""].filter(Boolean).join(" · "));
  offer(name, () => [[t(head), t("chart.count")], ...totals]);
}

// "system:TimeoutError": whose fault it was, and its class.
function named(key, name) {
  const [whose, ...rest] = key.split(":");
  return name === "classes" && rest.length ? `${rest.join(":")} (${label("error_of", whose)})` : key;
}

function bar(share) {
  const element = h("div", { class: "bar window" });
  element.style.width = `${100 * share}%`;
  return element;
}
