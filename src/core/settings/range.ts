import type { Bound, NumberSetting, NumbersSetting, RangeFacts } from "./setting.js";

/** Returns the value of a setting that bounds a range; null if it is not known yet, and then the bound is ignored. */
export type BoundOf = (setting: string) => number | null;

export const UNKNOWN_BOUNDS: BoundOf = () => null;

export function isInRange(value: number, { from, above, to, below }: RangeFacts, boundOf: BoundOf): boolean {
  const holds = (bound: Bound | undefined, compare: (bound: number) => boolean): boolean => {
    const known = typeof bound === "object" ? boundOf(bound.setting) : bound;
    return known === null || known === undefined || compare(known);
  };
  return (
    holds(from, (minimum) => value >= minimum) &&
    holds(above, (bound) => value > bound) &&
    holds(to, (maximum) => value <= maximum) &&
    holds(below, (bound) => value < bound)
  );
}

/** Whether a bound of the range is the value of another setting. */
export function isBoundBySetting({ to, below }: RangeFacts): boolean {
  return typeof to === "object" || typeof below === "object";
}

/** Whether a setting takes every number. */
export function isUnlimited(setting: NumberSetting | NumbersSetting): boolean {
  return setting.unit === undefined && setting.fractionOf === undefined && describeRange(setting) === "";
}

/** Describes the values that a numeric setting takes, such as "a whole number of pixels from 32 to 1024". */
export function describeNumber(
  setting: NumberSetting | NumbersSetting,
  boundOf: BoundOf = UNKNOWN_BOUNDS,
): string {
  const quantity = quantityOf(setting);
  const range = describeRange(setting, boundOf);
  if (range === "") return quantity;
  // "a number of at least 0", but "a number of epochs, at least 0".
  const joint = range.startsWith("at least") ? (quantity.includes(" of ") ? ", " : " of ") : " ";
  return `${quantity}${joint}${range}`;
}

function quantityOf({ kind, unit, fractionOf }: NumberSetting | NumbersSetting): string {
  if (fractionOf !== undefined) return `a fraction of ${fractionOf}`;
  const noun = kind === "wholeNumber" || kind === "wholeNumbers" ? "a whole number" : "a number";
  return unit === undefined ? noun : `${noun} of ${unit}`;
}

/** "from 0 to 1", "at least 0 and below 1", "above 0"; empty for all numbers. */
function describeRange({ from, above, to, below }: RangeFacts, boundOf: BoundOf = UNKNOWN_BOUNDS): string {
  const written = (bound: Bound): string => {
    if (typeof bound === "number") return String(bound);
    const value = boundOf(bound.setting);
    return value === null ? `\`${bound.setting}\`` : `\`${bound.setting}\` (${value})`;
  };
  if (from !== undefined && to !== undefined) return `from ${written(from)} to ${written(to)}`;
  return [
    ...(from === undefined ? [] : [`at least ${written(from)}`]),
    ...(above === undefined ? [] : [`above ${written(above)}`]),
    ...(to === undefined ? [] : [`at most ${written(to)}`]),
    ...(below === undefined ? [] : [`below ${written(below)}`]),
  ].join(" and ");
}
