// Reads the REST API of the same origin. Every failure becomes an ApiError whose message says what happened and what to do next, in the
// reader's language; `detail` are the collector's own words.
import { has, t } from "./text.js";

export class ApiError extends Error {
  constructor(message, { detail = "", cause } = {}) {
    super(message, { cause });
    this.detail = detail;
  }
}

async function get(path, query, signal) {
  const wishes = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const response = await answer(`${path}?${new URLSearchParams(wishes)}`, signal);
  if (response.ok) return response.json();
  const { code, detail } = await said(response);
  throw new ApiError(t(has(`error.${code}`) ? `error.${code}` : `problem.${code}`), { detail });
}

async function answer(address, signal, options = { headers: { Accept: "application/json" } }) {
  try {
    return await fetch(address, { signal, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(t("error.unreachable", { host: location.host }), { cause: error });
  }
}

// Word and sentence of the error's JSON body; the body's beginning where it is not the API's own (a proxy's, say).
async function said(response) {
  const text = await response.text();
  const body = parsed(text);
  const code = has(`problem.${body.code}`) ? body.code : (OF_STATUS[response.status] ?? "failed");
  const sentence = String(body.error ?? text).trim().slice(0, LONGEST) || response.statusText;
  return { code, detail: `${response.status}: ${sentence}` };
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

const LONGEST = 2000;

// The word of an answer that has none: that of a proxy in between.
const OF_STATUS = { 401: "unauthenticated", 403: "forbidden", 404: "not_found", 413: "too_large", 429: "too_many", 502: "unavailable", 503: "unavailable", 504: "unavailable" };

const root = (view) => `/api/v1/deployments/${encodeURIComponent(view.deployment)}`;

const selection = (view) => ({ version: view.version, segment: view.segment, start: view.start, end: view.end });

// -> {items, truncated}: one item per column and window.
export async function measurements(view, metric, { column = "", step = view.step, query = {} } = {}) {
  const body = await get(`${root(view)}/measurements`, { metric, column, step, ...selection(view), ...query }, view.signal);
  return { items: body.items, truncated: body.next !== null && body.next !== undefined };
}

export const profile = (view, column) => get(`${root(view)}/profiles`, { column, ...selection(view) }, view.signal);

// -> {kind, n, roc, calibration, lift} of a binary task, {kind, n, deciles, scatter} of a regression.
export const curves = (view) => get(`${root(view)}/curves`, selection(view), view.signal);

// -> one item for each window, those without rows too.
export const moments = async (view, column) => (await get(`${root(view)}/moments`, { column, step: view.step, ...selection(view) }, view.signal)).items;

export const events = async (view) => (await get(`${root(view)}/events`, { start: view.start, end: view.end }, view.signal)).items;

// Changes something, as who is signed in; -> the answer's JSON.
export async function change(method, path, body) {
  const response = await answer(path, null, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", Accept: "application/json" } });
  if (response.ok) return response.json();
  const { code, detail } = await said(response);
  throw new ApiError(t("error.changed_nothing", { problem: t(`problem.${code}`) }), { detail });
}
