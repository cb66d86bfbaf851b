import type { Results } from "./placeholders.js";

const KEY = "espalier.recent-results";

/** The latest response of this browser tab for each root field, for the placeholders of examples. */
export function readRecentResults(): Results {
  return JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Results;
}

/** Keeps the data of a response, except the secret of a new token and the schema. */
export function rememberResult(data: Results): void {
  if ("__schema" in data) return;
  const text = JSON.stringify({ ...readRecentResults(), ...data }, (key, value: unknown) =>
    key === "secret" ? undefined : value,
  );
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // The storage is full. Some placeholders stay unfilled; nothing else is lost.
  }
}
