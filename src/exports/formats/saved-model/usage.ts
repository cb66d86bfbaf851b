import type { UsageExample, UsageFacts } from "../format.js";

export function savedModelUsage(_facts: UsageFacts): readonly UsageExample[] {
  return [];
}
