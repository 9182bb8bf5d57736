// What every page does: tidy addresses, language links that keep the view, and a word when the collector does not answer.
import "./said.js";
import "./theme.js";
import { told } from "./dom.js";
import { t } from "./text.js";

// Empty wishes and unused dates stay out of the address that htmx asks for and shows.
document.addEventListener("htmx:configRequest", (event) => {
  const wishes = event.detail.parameters;
  const unused = wishes.range === "custom" ? [] : ["start", "end"];
  for (const name of Object.keys(wishes)) {
    if (wishes[name] === "" || unused.includes(name)) delete wishes[name];
  }
});

// A request that a newer choice overtakes ends as an answer that nobody wants: htmx itself would call it an error in the console.
document.addEventListener("htmx:beforeRequest", ({ detail: { xhr } }) => { xhr.onabort = xhr.onload; });
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status === 0) event.preventDefault();
});

const notice = document.getElementById("notice");

function complain(message, detail = "") {
  notice.replaceChildren(...told({ message, detail }));
  notice.hidden = false;
}

// The collector's own words within a page that says what went wrong; none where something between us and it answered.
const detailIn = (html) => new DOMParser().parseFromString(html, "text/html").querySelector("main .technical")?.textContent ?? "";

document.addEventListener("htmx:responseError", ({ detail }) => complain(t("error.page", { status: detail.xhr.status }), detailIn(detail.xhr.responseText)));
document.addEventListener("htmx:sendError", () => complain(t("error.page_away", { host: location.host })));
document.addEventListener("htmx:afterSwap", () => {
  notice.hidden = true;
});

// On a narrow screen the tabs begin where the reader is.
for (const current of document.querySelectorAll("nav > [aria-current=page]")) {
  const [tab, row] = [current, current.parentElement].map((element) => element.getBoundingClientRect());
  current.parentElement.scrollLeft += tab.left - row.left - (row.width - tab.width) / 2;
}

// The picked range and feature changed the address since the server wrote these links.
for (const link of document.querySelectorAll("[data-lang]")) {
  link.addEventListener("click", () => {
    const address = new URL(location.href);
    address.searchParams.set("lang", link.dataset.lang);
    link.href = address.href;
  });
}
