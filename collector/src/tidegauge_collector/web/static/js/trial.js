// Back-tests, piece by piece, so that one shows how far it is and can be stopped. Each answer is the page that the plain form would show:
// what that says of this form is put here as it is.
import { ApiError, send } from "./api.js";
import { h, told } from "./dom.js";
import { say } from "./said.js";
import { t } from "./text.js";

const DEEDS = ["backtest", "go_on"];
const running = new Map();

for (const form of document.querySelectorAll(".trial-form")) {
  form.addEventListener("submit", (event) => {
    running.get(form)?.abort();
    if (!DEEDS.includes(event.submitter?.value)) return;
    event.preventDefault();
    run(form, event.submitter);
  });
}

// Whoever comes back to a page that the browser kept finds it stopped where they left it.
addEventListener("pagehide", () => running.forEach((stop) => stop.abort()));

async function run(form, button) {
  const stop = new AbortController();
  running.set(form, stop);
  const fields = new FormData(form);
  fields.set("do", button.value);
  fields.set("pieces", "1");
  let outcome = button.value === "go_on" ? outcomeIn(form) : nothing();
  let prefix = "";
  const follow = showProgress(form, stop);
  say(t("said.working"));
  try {
    for (;;) {
      const { said, rest, soFar } = await piece(form, button.formAction, fields, stop.signal);
      if (said.matches(".message-error")) {
        outcome = { ...outcome, said };
        break;
      }
      outcome = { said, rest, soFar };
      if (!soFar) break;
      follow(rest);
      fields.set("do", "go_on");
      fields.set("so_far", soFar);
    }
  } catch (error) {
    if (error.name === "AbortError") prefix = t("said.cancelled");
    else if (error instanceof ApiError) outcome = { ...outcome, said: output("trial-said message-error", ...told(error)) };
    else throw error;
  } finally {
    if (running.get(form) === stop) settle(form, outcome, prefix);
  }
}

async function piece(form, address, fields, signal) {
  const { page, failure } = await send(address, fields, signal);
  const same = [...page.querySelectorAll(".trial-form")].find((one) => one.elements.monitor?.value === form.elements.monitor.value);
  if (!same) throw failure;
  return outcomeIn(same);
}

// What stands in a form of a back-test; `soFar`: from where it can go on. It stays where the next piece fails or is not waited for.
const outcomeIn = (form) => ({ said: form.querySelector(".trial-said"), rest: form.querySelector(".trial-rest"), soFar: form.elements.so_far?.value ?? "" });

const output = (name, ...words) => h("output", { class: name, role: "status" }, ...words);

const nothing = () => ({ said: output("trial-said"), rest: h("div", { class: "trial-rest" }), soFar: "" });

// In place of what was there; outside the output, which is read out whenever it changes. -> what moves it to where a piece ended.
function showProgress(form, stop) {
  const [progress, words] = [h("progress"), h("span", {}, t("said.working"))];
  const cancel = h("button", { type: "button" }, t("said.cancel"));
  cancel.addEventListener("click", () => stop.abort());
  const label = h("label", { class: "trial-progress" }, progress, " ", words);
  replace(form, { said: output("trial-said"), rest: h("div", { class: "trial-rest" }, label, cancel) }, () => cancel);
  return (rest) => {
    const reached = rest.querySelector("progress");
    [progress.max, progress.value] = [reached.max, reached.value];
    words.textContent = rest.querySelector("span").textContent;
  };
}

function settle(form, outcome, prefix) {
  running.delete(form);
  if (!outcome.said.textContent.trim()) outcome.said.textContent = prefix;
  replace(form, outcome, () => form.querySelector("[value=go_on]") ?? form.querySelector("[value=backtest]"));
  const found = outcome.said.textContent.trim();
  say(found === prefix ? prefix : `${prefix} ${found}`.trim());
}

// Whoever stood on a button that goes away stands on `next()` then.
function replace(form, { said, rest }, next) {
  const before = outcomeIn(form);
  const hadFocus = before.rest.contains(document.activeElement);
  before.said.replaceWith(said);
  before.rest.replaceWith(rest);
  if (hadFocus) next().focus();
}
