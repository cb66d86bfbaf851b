import { registerEnumType } from "type-graphql";
import {
  Architecture,
  FillMode,
  HeadKind,
  MonitoredMetric,
  Precision,
  Preprocessing,
  PretrainedWeights,
} from "../../core/enumerations.js";
import {
  ARCHITECTURES,
  FILL_MODES,
  HEAD_KINDS,
  MONITORED_METRICS,
  PRECISIONS,
  PREPROCESSINGS,
  PRETRAINED_WEIGHTS,
  type WordSet,
} from "../../core/settings/words.js";

/** The GraphQL enumeration of each set of words that a setting may take. */
export const SETTING_ENUMERATIONS: ReadonlyMap<WordSet, object> = new Map<WordSet, object>([
  [ARCHITECTURES, Architecture],
  [HEAD_KINDS, HeadKind],
  [PREPROCESSINGS, Preprocessing],
  [PRETRAINED_WEIGHTS, PretrainedWeights],
  [PRECISIONS, Precision],
  [FILL_MODES, FillMode],
  [MONITORED_METRICS, MonitoredMetric],
]);

for (const [{ name, description, meanings }, words] of SETTING_ENUMERATIONS) {
  const valuesConfig = Object.fromEntries(
    Object.entries(meanings).map(([word, meaning]) => [word, { description: meaning }]),
  );
  registerEnumType(words, { name, description, valuesConfig });
}

export { Architecture, MonitoredMetric, Precision, Preprocessing };
