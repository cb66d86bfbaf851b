import {
  Architecture,
  DistillationKind,
  FillMode,
  HeadKind,
  MonitoredMetric,
  Precision,
  Preprocessing,
  PretrainedWeights,
  PruningCriterion,
} from "../../core/enumerations.js";
import {
  ARCHITECTURES,
  DISTILLATION_KINDS,
  FILL_MODES,
  HEAD_KINDS,
  MONITORED_METRICS,
  PRECISIONS,
  PREPROCESSINGS,
  PRETRAINED_WEIGHTS,
  PRUNING_CRITERIA,
  type WordSet,
} from "../../core/settings/words.js";
import { registerWords } from "../register-words.js";

/** The GraphQL enumeration of each set of words that a setting may take. */
export const SETTING_ENUMERATIONS: ReadonlyMap<WordSet, object> = new Map<WordSet, object>([
  [ARCHITECTURES, Architecture],
  [HEAD_KINDS, HeadKind],
  [PREPROCESSINGS, Preprocessing],
  [PRETRAINED_WEIGHTS, PretrainedWeights],
  [PRECISIONS, Precision],
  [FILL_MODES, FillMode],
  [DISTILLATION_KINDS, DistillationKind],
  [PRUNING_CRITERIA, PruningCriterion],
  [MONITORED_METRICS, MonitoredMetric],
]);

for (const [set, words] of SETTING_ENUMERATIONS) registerWords(words, set);

export { Architecture, MonitoredMetric, Precision, Preprocessing };
