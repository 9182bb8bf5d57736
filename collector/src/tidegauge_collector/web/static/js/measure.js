// The statistic of drift that is picked: its name, how its values are written, and from where on they are bad.
import { formatterOf } from "./format.js";
import { label, t } from "./text.js";

// limits: {warning, failing}, null where no monitor has one; level(value) -> none, ok, warning or failing.
export function measureOf({ statistic: metric, limits: { warning, failing } }) {
  const format = formatterOf(metric);
  const beyond = (value, limit) => limit !== null && value > limit;
  return {
    metric, warning, failing, format,
    name: label("metric", metric),
    level: (value) => (value === null ? "none" : beyond(value, failing) ? "failing" : beyond(value, warning) ? "warning" : "ok"),
    marks: [[warning, "chart.warning_line", "warning"], [failing, "chart.failing_line", "failing"]]
      .filter(([value]) => value !== null)
      .map(([value, key, colour]) => ({ value, label: t(key, { n: value }), colour })),
  };
}
