import type { Preprocessing } from "../../core/enumerations.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import { networkVariables } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { ModelManifest } from "../model-manifest.js";
import type { ModelVersionRecord } from "../model-records.js";
import { modelVersionName } from "../model-ref.js";
import type { OfferedWeights } from "./fit-weights.js";
import { describeSource } from "./layouts/source-network.js";

/** The weights of a model version. */
export function offeredBy(
  version: ModelVersionRecord,
  { network, classNames }: ModelManifest,
): OfferedWeights {
  const source = modelVersionName(version);
  const variables = networkVariables(network).map(
    ({ name, shape }) => [name, { shape, dtype: "float32", source }] as const,
  );
  const looksLike = describeSource({ network, widthMultiplier: network.widthMultiplier });
  return { looksLike, variables: new Map(variables), unknown: [], classNames };
}

export function preprocessingWarnings(
  weights: string,
  expected: Preprocessing,
  { preprocessing }: NetworkSpec,
): readonly RunWarning[] {
  if (preprocessing === expected) return [];
  const message =
    `${weights} were trained with the preprocessing ${expected}. The run has ${preprocessing}, ` +
    "with which the copied layers see other values than in their training.";
  return [{ code: "PREPROCESSING_MISMATCH", message }];
}
