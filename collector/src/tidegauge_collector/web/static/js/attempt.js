// Runs the drawing of some charts; where reading fails, says so inside those charts and nowhere else.
import { ApiError } from "./api.js";
import { chart, showMessage } from "./dom.js";
import { forget } from "./linechart.js";

export async function attempt(view, names, draw) {
  for (const name of names) chart(name).figure.setAttribute("aria-busy", "true");
  try {
    await draw();
  } catch (error) {
    if (view.signal.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    for (const name of names) {
      forget(name);
      showMessage(chart(name), error.message, { error });
    }
  }
}
