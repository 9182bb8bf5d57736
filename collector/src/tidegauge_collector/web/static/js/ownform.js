// What people say of a metric of their own: which way is better, and what it is compared with.
import { ApiError, change } from "./api.js";
import { RETRY, told } from "./dom.js";
import { t } from "./text.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest(".own-form");
  if (!form) return;
  event.preventDefault();
  const { deployment, metric } = form.dataset;
  const { baseline, ...texts } = Object.fromEntries(new FormData(form));
  const said = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.trim()]));
  const output = form.querySelector("output");
  output.textContent = t("said.working");
  try {
    const path = `/api/v1/deployments/${encodeURIComponent(deployment)}/metrics/${encodeURIComponent(metric)}`;
    await change("PUT", path, { ...said, baseline: baseline === "" ? null : Number(baseline) });
    output.textContent = t("said.saved");
    document.dispatchEvent(new Event(RETRY));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    output.replaceChildren(...told(error));
  }
});
