import type { Optimizer } from "../../core/run-configuration.js";
import { adam } from "./adam.js";
import { sgd } from "./sgd.js";
import type { OptimizerContext, UpdateRule } from "./update-rule.js";

/** The rule of a configured optimizer. */
export function updateRule(context: OptimizerContext, optimizer: Optimizer): UpdateRule {
  switch (optimizer.kind) {
    case "adam":
    case "adamW":
      return adam(context, optimizer);
    case "sgd":
      return sgd(context, optimizer);
  }
}
