import { createHash } from "node:crypto";
import { AppError } from "./app-error.js";

/** A key with which a client marks repetitions of one request. */
export interface Idempotency {
  readonly key: string;
  /** SHA-256 of the request that uses the key. */
  readonly hash: string;
}

const MAX_KEY_LENGTH = 255;

/**
 * @param request the request that the key stands for; the order of its fields does not matter, and a field that is null
 *   equals one that is absent
 * @throws AppError `IDEMPOTENCY_KEY_INVALID`
 */
export function idempotencyOf(key: string | null, request: object): Idempotency | null {
  if (key === null) return null;
  if (key === "" || key.length > MAX_KEY_LENGTH || key.includes("\0")) {
    throw new AppError(
      "IDEMPOTENCY_KEY_INVALID",
      `An idempotency key has 1 to ${MAX_KEY_LENGTH} characters. Received ${key.length}.`,
      { path: ["idempotencyKey"] },
    );
  }
  const hash = createHash("sha256")
    .update(JSON.stringify(canonical(request)))
    .digest("hex");
  return { key, hash };
}

/** @throws AppError `IDEMPOTENCY_KEY_REUSED` when the key was used by another request */
export function checkSameRequest(idempotency: Idempotency, earlierHash: string | null): void {
  if (idempotency.hash === earlierHash) return;
  throw new AppError(
    "IDEMPOTENCY_KEY_REUSED",
    `The idempotency key ${JSON.stringify(idempotency.key)} belongs to another request. ` +
      "Send the same input again, or use a new key.",
    { path: ["idempotencyKey"] },
  );
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.entries(value)
    .filter(([, part]) => part !== null && part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) => [name, canonical(part)]);
}
