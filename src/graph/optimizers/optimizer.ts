import type { Optimizer } from "../../core/runs/configuration.js";
import { adam } from "./adam.js";
import { sgd } from "./sgd.js";
import type { OptimizerRule } from "./update-rule.js";

/** The rule of a configured optimizer. */
export function optimizerRule(optimizer: Optimizer): OptimizerRule {
  switch (optimizer.kind) {
    case "adam":
    case "adamW":
      return adam(optimizer);
    case "sgd":
      return sgd(optimizer);
  }
}
