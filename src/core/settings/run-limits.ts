import { wholeNumber } from "./setting.js";

/** Values beside a run's configuration that have a range, in the form of settings. */

export const PRIORITY = wholeNumber({
  from: -1000,
  to: 1000,
  default: 0,
  description: "Priority in the queue: runs with a higher one start first.",
});

export const MAX_ACTIVE_RUNS = wholeNumber({
  from: 1,
  to: 1000,
  unit: "runs",
  whenNull: "one run per device",
  description: "Maximum number of the experiment's runs that are prepared or trained at the same time.",
});

export const HISTORY_POINTS = wholeNumber({
  from: 5,
  to: 10_000,
  unit: "points",
  default: 500,
  description: "Maximum length of the history.",
});
