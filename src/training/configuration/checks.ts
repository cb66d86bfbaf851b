import { AppError } from "../../core/app-error.js";

/** A value that a user may leave out. */
export type Given<T> = T | null | undefined;

/** Gives back a value that can be, and throws `CONFIGURATION_INVALID` with the path for one that cannot. */
export type Check<T> = (value: unknown, path: readonly string[]) => T;

/** @param range completes "must be a number …" */
export function number(range: string, holds: (value: number) => boolean): Check<number> {
  return (value, path) => {
    if (typeof value === "number" && Number.isFinite(value) && holds(value)) return value;
    throw invalid(path, `a number ${range}`, value);
  };
}

export function wholeNumber(minimum: number, maximum: number): Check<number> {
  return (value, path) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum)
      return value;
    throw invalid(path, `a whole number from ${minimum} to ${maximum}`, value);
  };
}

/** As `check`, for a value whose absence means something of its own. */
export function optional<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === null || value === undefined ? null : check(value, path));
}

export function flag(value: unknown, path: readonly string[]): boolean {
  if (typeof value === "boolean") return value;
  throw invalid(path, "true or false", value);
}

export function word<W extends string>(
  words: { readonly [K in W]: K },
  value: unknown,
  path: readonly string[],
): W {
  if (typeof value === "string" && Object.hasOwn(words, value)) return value as W;
  throw invalid(path, `one of ${Object.keys(words).join(", ")}`, value);
}

/** Which one of the fields is given. */
export function oneOf<K extends string>(
  value: { readonly [Field in K]?: unknown },
  fields: readonly K[],
  path: readonly string[],
): K {
  const given = fields.filter((field) => value[field] !== null && value[field] !== undefined);
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  throw invalid(path, `exactly one of ${fields.join(", ")}`, given);
}

function invalid(path: readonly string[], takes: string, received: unknown): AppError {
  const shown = typeof received === "number" ? String(received) : JSON.stringify(received);
  return new AppError(
    "CONFIGURATION_INVALID",
    `${path.slice(1).join(".")} must be ${takes}. Received ${shown}.`,
    { path },
  );
}
