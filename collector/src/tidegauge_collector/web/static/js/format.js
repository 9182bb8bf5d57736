// How numbers and times are written; `zone` is the deployment's time zone.
import { label, language, t } from "./text.js";

const grouped = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });

// Digits in groups, as the language groups them.
export const count = (n) => (n === null || n === undefined ? "–" : grouped.format(n));

export const percent = (share) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(share < 0.0995 ? 2 : 1)} %`);

export const percentOne = (share) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`);

// Three significant digits, without an exponent where people expect none.
export function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return grouped.format(value);
  if (size !== 0 && size < 0.0001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

export const fixed = (digits) => (value) => (value === null || value === undefined ? "–" : value.toFixed(digits));

// Seconds as the API gives them, shown in milliseconds below one second.
export function seconds(value) {
  if (value === null || value === undefined) return "–";
  return value < 1 ? t("duration.millisecond", { n: number(value * 1000) }) : t("duration.second", { n: number(value) });
}

// Longer times in the largest unit of which there is one.
export function span(value) {
  if (value === null || value === undefined) return "–";
  const [size, unit] = [[86_400, "day"], [3_600, "hour"], [60, "minute"]].find(([length]) => value >= length) ?? [1, "second"];
  return t(`duration.${unit}`, { n: number(value / size) });
}

// Metrics that are shares come with the page: the server writes them alike.
const PERCENT_METRICS = new Set(JSON.parse(document.getElementById("percents")?.textContent ?? "[]"));
const FIXED_METRICS = new Set(["psi", "auc", "log_loss", "brier", "gini", "f1", "mcc", "ece", "ks_score", "average_precision", "kl", "js_distance", "hellinger", "ks", "cramers_v", "wasserstein_norm"]);

export function formatterOf(metric) {
  if (PERCENT_METRICS.has(metric)) return percent;
  if (metric.startsWith("latency")) return seconds;
  if (metric.startsWith("label_lag")) return span;
  if (FIXED_METRICS.has(metric) || metric.startsWith("f1_")) return fixed(3);
  return number;
}

export const reason = (word) => label("reason", word ?? "no_rows");

const clocks = new Map();

function parts(date, zone) {
  if (!clocks.has(zone)) {
    const [hourCycle, two] = ["h23", "2-digit"];
    const options = { timeZone: zone, hourCycle, year: "numeric", month: two, day: two, hour: two, minute: two };
    clocks.set(zone, new Intl.DateTimeFormat("en-CA", options));
  }
  return Object.fromEntries(clocks.get(zone).formatToParts(date).map((part) => [part.type, part.value]));
}

// As the reader's language writes it: "27 Sep 2013", "2013/09/27"; `how` is a pattern of the catalogue.
function written(date, zone, how) {
  const { year, month: mm, day: dd } = parts(date, zone);
  return t(how, { year, mm, dd, d: Number(dd), month: t("format.months").split(" ")[mm - 1] });
}

export const day = (date, zone) => written(date, zone, "format.day");

export const shortDay = (date, zone) => written(date, zone, "format.day_short");

export const month = (date, zone) => written(date, zone, "format.month");

export const year = (date, zone) => parts(date, zone).year;

export const clock = (date, zone) => {
  const p = parts(date, zone);
  return `${p.hour}:${p.minute}`;
};

// "2013-09-27T14:05", as addresses and fields have it.
export function isoMinute(date, zone) {
  const p = parts(date, zone);
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

// A window's name: its day, or its day and the minute it begins at.
export function windowName(start, step, zone) {
  const date = new Date(start);
  return step === "day" ? day(date, zone) : `${day(date, zone)} ${clock(date, zone)}`;
}

const STEP_NAMES = { minute: "chart.per_minute", hour: "chart.per_hour", day: "chart.per_day" };

export const stepName = (step) => t(STEP_NAMES[step]);

export const STEP_S = { minute: 60, hour: 3_600, day: 86_400 };
