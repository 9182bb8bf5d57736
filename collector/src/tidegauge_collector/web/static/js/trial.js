// Other limits for a monitor: what they would have said of what is stored, what saving them would change, and saving them.
import { ApiError, change } from "./api.js";
import { told } from "./dom.js";
import { count, day } from "./format.js";
import { columnName, t } from "./text.js";

const NAMED = 8;

for (const form of document.querySelectorAll(".trial-form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    const say = (text) => { output.textContent = text; };
    say(t("said.working"));
    try {
      await DEEDS[event.submitter.value](form, say);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      output.replaceChildren(...told(error));
    }
  });
}

// The monitor as it is defined, with what the form says: its limits, and whether it is watched at all.
function wished(form) {
  const known = JSON.parse(form.closest(".trial").dataset.monitor);
  const numbers = [...form.querySelectorAll("input[type=number]")].filter((field) => field.value !== "");
  const said = Object.fromEntries(numbers.map((field) => [field.name, Number(field.value)]));
  return { ...known, ...said, enabled: form.elements.enabled.value === "true" };
}

const DEEDS = {
  async backtest(form, say) {
    const body = { deployment: form.dataset.deployment, monitor: wished(form) };
    const episodes = [];
    let answer = await change("POST", "/api/v1/monitors/backtest", body);
    for (;;) {
      episodes.push(...answer.episodes);
      if (!answer.resume) break;
      say(t("said.progress", { done: count(answer.done), total: count(answer.total) }));
      answer = await change("POST", "/api/v1/monitors/backtest", { ...body, resume: answer.resume });
    }
    const verdicts = Object.values(answer.verdicts).reduce((a, b) => a + b, 0);
    const names = episodes.slice(0, NAMED).map((one) => `${one.column ? columnName(one.column) : one.metric} ${day(new Date(one.opened), form.dataset.zone)}`);
    const more = episodes.length > NAMED ? " …" : "";
    say(episodes.length ? t("said.episodes", { n: count(episodes.length), names: names.join(", ") + more }) : t("said.none", { n: count(verdicts) }));
  },
  async plan(form, say) {
    const plan = await change("POST", "/api/v1/monitors/plan", { files: [{ name: "page", monitors: [wished(form)] }], prune: false });
    say(plan.empty ? t("said.plan_empty") : t("said.plan", { n: count(Object.keys(plan.deployments).length), withdrawn: count(plan.withdrawn) }));
  },
  async put(form, say) {
    const { id, ...monitor } = wished(form);
    await change("PUT", `/api/v1/monitors/${encodeURIComponent(id)}`, monitor);
    say(t("said.saved"));
  },
};
