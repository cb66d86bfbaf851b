import { createHash } from "node:crypto";
import { AppError } from "./app-error.js";

/** A client's promise that requests with the same key are one request. */
export interface Idempotency {
  readonly key: string;
  /** SHA-256 of the request that uses the key. */
  readonly hash: string;
}

const LONGEST_KEY = 255;

/**
 * @param request what the key stands for; fields may come in any order, and one that is null or
 *   absent is the same
 * @throws AppError `IDEMPOTENCY_KEY_INVALID`
 */
export function idempotencyOf(key: string | null, request: object): Idempotency | null {
  if (key === null) return null;
  if (key === "" || key.length > LONGEST_KEY || key.includes("\0")) {
    throw new AppError(
      "IDEMPOTENCY_KEY_INVALID",
      `An idempotency key has 1 to ${LONGEST_KEY} characters. Received ${key.length}.`,
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
