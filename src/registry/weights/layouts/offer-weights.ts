import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import type { WeightsContent } from "../weights-file.js";
import type { ImportedOffer } from "./imported-variable.js";
import { offerKeras } from "./keras-layout.js";
import { offerTorch } from "./torch-layout.js";

/**
 * The values that a file offers for the variables of a network.
 *
 * @throws AppError `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`
 */
export function offerWeights(content: WeightsContent, network: NetworkSpec): ImportedOffer {
  return content.naming === "torch"
    ? offerTorch(content, network)
    : offerKeras(content.layers, content.normalizationEpsilons, network);
}
