import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import type { WeightsContent } from "../weights-file.js";
import type { ImportedOffer } from "./imported-variable.js";
import { offerKeras } from "./keras-layout.js";
import { offerTorch } from "./torch-layout.js";

/**
 * The values that a file offers for the variables of a network.
 *
 * @param epsilon of batch normalizations whose epsilon the file does not state; null: the default of its program
 * @throws AppError `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`
 */
export function offerWeights(
  content: WeightsContent,
  network: NetworkSpec,
  epsilon: number | null = null,
): ImportedOffer {
  return content.naming === "torch"
    ? offerTorch(content, epsilon, network)
    : offerKeras(content, epsilon, network);
}
