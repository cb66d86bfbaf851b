import { AppError } from "../app-error.js";
import { type BoundOf, describeNumber, isInRange, UNKNOWN_BOUNDS } from "./range.js";
import type { NumberSetting, NumbersSetting, Scalar } from "./setting.js";
import type { Recorded } from "./setting-types.js";

/**
 * Returns the value if the setting takes it. Null and absent values are refused.
 *
 * @param path where the value stands in the request, for the error: ["configuration", "head", "units"]
 * @throws AppError `CONFIGURATION_INVALID`
 */
export function checkScalar<S extends Scalar>(
  setting: S,
  value: unknown,
  path: readonly string[],
  boundOf: BoundOf = UNKNOWN_BOUNDS,
): Recorded<S> {
  if (isList(setting)) return checkList(setting, value, path, boundOf) as Recorded<S>;
  if (takes(setting, value, boundOf)) return value as Recorded<S>;
  throw invalid(path, describeAccepted(setting, boundOf), value);
}

/** Whether a setting takes a value, as far as that does not depend on other settings. */
export function accepts(setting: Scalar, value: unknown): boolean {
  if (!isList(setting)) return takes(setting, value, UNKNOWN_BOUNDS);
  return Array.isArray(value) && value.every((item) => isNumberOf(setting, item, UNKNOWN_BOUNDS));
}

/**
 * Returns the name of the only field that is neither null nor absent.
 *
 * @throws AppError `CONFIGURATION_INVALID`
 */
export function checkExactlyOne<Field extends string>(
  value: { readonly [Name in Field]?: unknown },
  fields: readonly Field[],
  path: readonly string[],
): Field {
  const given = fields.filter((field) => value[field] !== null && value[field] !== undefined);
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  throw invalid(path, `exactly one of ${fields.join(", ")}`, given);
}

/** Describes the values that a setting takes, as the end of "must be …". */
export function describeAccepted(setting: Scalar, boundOf: BoundOf = UNKNOWN_BOUNDS): string {
  switch (setting.kind) {
    case "number":
    case "wholeNumber":
      return describeNumber(setting, boundOf);
    case "numbers":
    case "wholeNumbers":
      return `a list in which each item is ${describeNumber(setting, boundOf)}`;
    case "flag":
      return "true or false";
    case "word":
      return `one of ${Object.keys(setting.words.meanings).join(", ")}`;
    case "text":
      return "a text";
    case "reference":
      return "an id";
  }
}

function isList(setting: Scalar): setting is NumbersSetting {
  return setting.kind === "numbers" || setting.kind === "wholeNumbers";
}

function checkList(
  setting: NumbersSetting,
  value: unknown,
  path: readonly string[],
  boundOf: BoundOf,
): unknown {
  if (!Array.isArray(value)) throw invalid(path, describeAccepted(setting, boundOf), value);
  return value.map((item: unknown, index) => {
    if (isNumberOf(setting, item, boundOf)) return item;
    throw invalid([...path, String(index)], describeNumber(setting, boundOf), item);
  });
}

function takes(setting: Exclude<Scalar, NumbersSetting>, value: unknown, boundOf: BoundOf): boolean {
  switch (setting.kind) {
    case "number":
    case "wholeNumber":
      return isNumberOf(setting, value, boundOf);
    case "flag":
      return typeof value === "boolean";
    case "word":
      return typeof value === "string" && Object.hasOwn(setting.words.meanings, value);
    case "text":
    case "reference":
      return typeof value === "string";
  }
}

function isNumberOf(
  setting: NumberSetting | NumbersSetting,
  value: unknown,
  boundOf: BoundOf,
): value is number {
  const whole = setting.kind === "wholeNumber" || setting.kind === "wholeNumbers";
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return (!whole || Number.isInteger(value)) && isInRange(value, setting, boundOf);
}

function invalid(path: readonly string[], accepted: string, received: unknown): AppError {
  const shown = typeof received === "number" ? String(received) : JSON.stringify(received);
  return new AppError(
    "CONFIGURATION_INVALID",
    `${path.slice(1).join(".")} must be ${accepted}. Received ${shown}.`,
    { path },
  );
}
