// A long table in a chart's frame: rows that come when they are first shown, a search, so many at a time.
import { h, show } from "./dom.js";
import { t } from "./text.js";

const PAGE = 20;

// heads: [{text, num}]; names: every row's name; row(name) -> Promise of [cells]; returns when the first page is there.
export async function longTable(box, { heads, names, row, title = (name) => name, link = null }) {
  const state = { shown: PAGE, wanted: "" };
  const known = new Map();
  const body = h("tbody", {});
  const head = h("tr", {}, ...heads.map(({ text, num }) => h("th", { scope: "col", class: num ? "num" : "" }, text)));
  const more = h("button", { type: "button", class: "more" });
  const matching = () => names.filter((name) => title(name).toLowerCase().includes(state.wanted));

  async function redraw() {
    const found = matching();
    const shown = found.slice(0, state.shown);
    await Promise.all(shown.filter((name) => !known.has(name)).map(async (name) => known.set(name, await row(name))));
    body.replaceChildren(...shown.map((name) => h("tr", {}, h("th", { scope: "row" }, named(name)), ...known.get(name))));
    if (!shown.length) body.append(h("tr", {}, h("td", { colspan: heads.length }, t("chart.no_match_row"))));
    const left = Math.min(PAGE, found.length - shown.length);
    more.hidden = left <= 0;
    more.replaceChildren(t("chart.show_more_rows", { n: left }));
  }

  const named = (name) => (link ? link(name) : h("bdi", {}, title(name)));
  more.addEventListener("click", () => { state.shown += PAGE; redraw(); });
  const filter = box.figure.querySelector(".filter");
  filter.hidden = names.length <= PAGE / 2;
  filter.querySelector("input").addEventListener("input", ({ target }) => {
    Object.assign(state, { shown: PAGE, wanted: target.value.trim().toLowerCase() });
    redraw();
  });
  await redraw();
  show(box, h("div", { class: "table-scroll free", tabindex: "0" }, h("table", { class: "numbers wide" }, h("thead", {}, head), body)), more);
  return () => [heads.map(({ text }) => text), ...[...body.rows].map((one) => [...one.cells].map((cell) => cell.dataset.value ?? cell.textContent))];
}

export const cell = (text, value, extra = {}) => h("td", { class: "num", "data-value": value ?? "", ...extra }, text);
