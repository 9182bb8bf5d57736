// Reads the REST API of the same origin. Every failure becomes an ApiError whose message says what happened and what to do next.
import { t } from "./text.js";

export class ApiError extends Error {}

async function get(path, query, signal) {
  const wishes = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const response = await answer(`${path}?${new URLSearchParams(wishes)}`, signal);
  if (response.ok) return response.json();
  throw new ApiError(explained(response.status, await said(response)));
}

async function answer(address, signal, options = { headers: { Accept: "application/json" } }) {
  try {
    return await fetch(address, { signal, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(t("error.unreachable", { host: location.host }), { cause: error });
  }
}

// The sentence in the error's JSON body; the body's beginning where it is not the API's own.
async function said(response) {
  const text = await response.text();
  const sentence = sentenceIn(text).trim().slice(0, 400) || response.statusText;
  return /[.!?。]$/.test(sentence) ? sentence : `${sentence}.`;
}

function sentenceIn(text) {
  try {
    return String(JSON.parse(text).error ?? text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

const EXPLAINED = { 400: "error.status_400", 401: "error.unauthorised", 403: "error.unauthorised", 404: "error.status_404", 503: "error.status_503" };

const NOT_CHANGED = { 400: "error.change_400", 401: "error.change_403", 403: "error.change_403" };

const explained = (status, detail, words = EXPLAINED) => t(words[status] ?? "error.refused", { status, detail });

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
  const words = { ...EXPLAINED, ...NOT_CHANGED };
  if (response.ok) return response.json();
  throw new ApiError(explained(response.status, await said(response), words));
}
