import type { Results } from "./placeholders.js";

const KEY = "espalier.recent-results";

/** Answers of this browser tab by root field: the newest of each, for the placeholders of examples. */
export function readRecentResults(): Results {
  return JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Results;
}

/** Keeps what came back, except a new token's secret and the schema. */
export function rememberResult(data: Results): void {
  if ("__schema" in data) return;
  const text = JSON.stringify({ ...readRecentResults(), ...data }, (key, value: unknown) =>
    key === "secret" ? undefined : value,
  );
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // The storage is full: an example's placeholder stays unfilled, nothing else is lost.
  }
}
