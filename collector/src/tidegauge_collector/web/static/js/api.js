// Reads the REST API of the same origin. Every failure becomes an ApiError whose message helps the person in front of it.
import { t } from "./text.js";

export class ApiError extends Error {}

async function get(path, query, signal) {
  const wishes = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const response = await answer(`${path}?${new URLSearchParams(wishes)}`, signal);
  if (response.ok) return response.json();
  if (response.status === 401 || response.status === 403) throw new ApiError(t("error.unauthorised"));
  throw new ApiError(t("error.refused", { status: response.status, detail: (await response.text()).slice(0, 300) }));
}

async function answer(address, signal) {
  try {
    return await fetch(address, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(t("error.unreachable"), { cause: error });
  }
}

const root = (view) => `/api/v1/deployments/${encodeURIComponent(view.deployment)}`;

const selection = (view) => ({ version: view.version, segment: view.segment, start: view.start, end: view.end });

// -> {items, truncated, mixed}: one item per column and window, the one with the most rows where several versions answered.
export async function measurements(view, metric, { column = "", step = view.step } = {}) {
  const body = await get(`${root(view)}/measurements`, { metric, column, step, ...selection(view) }, view.signal);
  const kept = new Map();
  for (const item of body.items) {
    const key = `${item.column}\n${item.window.start}`;
    const other = kept.get(key);
    if (!other || item.n > other.n) kept.set(key, item);
  }
  return { items: [...kept.values()], truncated: body.next !== null && body.next !== undefined, mixed: kept.size < body.items.length };
}

export const profile = (view, column) => get(`${root(view)}/profiles`, { column, ...selection(view) }, view.signal);
