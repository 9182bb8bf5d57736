// How values were measured, in words: the method, and those of its parameters that hold for every window of a chart.
import { number } from "./format.js";
import { label, t } from "./text.js";

// Rounded up: a bound must not promise more than the method.
const bound = (value) => `${Math.ceil(1_000 * value) / 10}\u00a0%`;

// What differs from window to window (errors, bands, p-values, classes) belongs to a value; the API has it, a caption does not.
const TOLD = {
  floor: String,
  relative_error: bound,
  threshold: number,
};

// "method: reference bins, shares of at least 0.0001"; empty where nothing says how.
export function method(items) {
  const measured = items.filter((item) => item.value !== null && item.method);
  const asked = measured.length ? measured : items.filter((item) => item.method);
  const names = [...new Set(asked.map((item) => label("method", item.method)))];
  if (!names.length) return "";
  return t("chart.method", { method: [...names, ...parameters(asked)].join(t("chart.comma")) });
}

function parameters(items) {
  return Object.entries(TOLD).flatMap(([name, say]) => {
    const values = new Set(items.map((item) => item.parameters?.[name] ?? null));
    const [value] = values;
    return values.size === 1 && value !== null ? [t(`parameter.${name}`, { value: say(value) })] : [];
  });
}

// Windows whose counts were re-binned, told only where there are any.
export function approximate(items) {
  const n = items.filter((item) => item.parameters?.approximate).length;
  if (!n) return "";
  return n === items.length ? t("chart.approximate") : t("chart.approximate_some", { n, total: items.length });
}

// The largest error of a value, where the method itself does not state a relative one.
export function errorBound(items) {
  if (items.some((item) => item.parameters?.relative_error)) return "";
  const bound = Math.max(0, ...items.map((item) => item.error_bound ?? 0));
  return bound ? t("chart.error_bound", { bound: number(bound) }) : "";
}
