// Builds elements. Text is always a text node: names come from outside and are never parsed as HTML.

import { t } from "./text.js";

// Asks the page to read and draw everything again.
export const RETRY = "tidegauge:retry";

const SVG = "http://www.w3.org/2000/svg";

// h("td", {class: "num", title: "…"}, "text", element, …)
export const h = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);

// The same for SVG.
export const s = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// The pieces of a server-rendered <figure class="chart">.
export function chart(name) {
  const figure = document.getElementById(`chart-${name}`);
  return { figure, plot: figure.querySelector(".plot"), caption: figure.querySelector("figcaption") };
}

export function show(box, ...content) {
  box.plot.replaceChildren(...content);
  box.figure.setAttribute("aria-busy", "false");
}

// Says why a chart is empty, with a line of code where that is the next step.
export function showMessage(box, text, { error = null, code = "" } = {}) {
  const again = error ? h("button", { type: "button" }, t("error.retry")) : null;
  again?.addEventListener("click", () => document.dispatchEvent(new Event(RETRY)));
  const snippet = code ? h("pre", { class: "snippet", tabindex: "0" }, h("code", {}, code)) : null;
  const attributes = { class: error ? "message message-error" : "message", role: error ? "alert" : null };
  box.caption.replaceChildren();
  delete box.figure.dataset.savable;
  show(box, h("div", attributes, h("p", {}, ...(error ? told(error) : [text])), snippet, again));
}

// What went wrong: the sentence for the reader, and below it the collector's own words.
export const told = ({ message, detail }) => [message, detail ? h("small", { class: "technical", lang: "en", translate: "no" }, detail) : null].filter(Boolean);

export const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
