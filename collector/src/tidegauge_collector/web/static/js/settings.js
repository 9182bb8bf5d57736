// The form of a deployment's attributes.
import { ApiError, change } from "./api.js";
import { told } from "./dom.js";
import { t } from "./text.js";

const form = document.getElementById("settings-form");
const output = form.querySelector("output");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { owner, importance, runbook, alerts, labels } = form.elements;
  const lines = labels.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const pairs = lines.map((line) => [line.split("=")[0].trim(), line.slice(line.indexOf("=") + 1).trim()]);
  const body = { owner: owner.value.trim(), importance: importance.value, runbook: runbook.value.trim(), alerts: alerts.value, labels: Object.fromEntries(pairs) };
  output.textContent = t("said.working");
  try {
    await change("PATCH", `/api/v1/deployments/${encodeURIComponent(form.dataset.deployment)}`, body);
    output.textContent = t("said.saved");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    output.replaceChildren(...told(error));
  }
});
