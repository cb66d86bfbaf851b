import type { JsonObject } from "../../lang/json.js";
import type { Condition, Setting } from "./setting.js";

/**
 * Whether a setting changes anything.
 *
 * @param beside the recorded settings of the same group or option
 */
export function hasEffect({ appliesWhen }: Pick<Setting, "appliesWhen">, beside: JsonObject): boolean {
  return appliesWhen === undefined || appliesWhen.some((condition) => holds(condition, beside));
}

function holds(condition: Condition, beside: JsonObject): boolean {
  const value = beside[condition.setting];
  if ("is" in condition) return condition.is.some((word) => word === value);
  if (typeof value !== "number") return false;
  return "above" in condition ? value > condition.above : value < condition.below;
}
