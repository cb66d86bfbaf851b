import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";

/** What initial weights are needed for. */
export interface WantedWeights {
  readonly network: NetworkSpec;
  /** The classes of the dataset, in the order of the network's outputs; null: not known. */
  readonly classNames: readonly string[] | null;
  /** The epsilon of batch normalizations where a file does not state it; null: the default of its program. */
  readonly epsilon: number | null;
}

/** What a run needs initial weights for. */
export function wantedWeights(
  { importedNormalizationEpsilon: epsilon }: Pick<RunConfiguration, "importedNormalizationEpsilon">,
  network: NetworkSpec,
  classNames: readonly string[],
): WantedWeights {
  return { network, classNames, epsilon };
}
