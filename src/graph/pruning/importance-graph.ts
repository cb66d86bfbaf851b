import { shapedLayersOf } from "../architectures/layer-table.js";
import { NetworkGraph } from "../architectures/network-graph.js";
import type { NetworkSpec, TrainingPlan } from "../architectures/network-spec.js";
import { importSignature } from "../architectures/training-graph.js";
import { gradients } from "../gradients/gradients.js";
import { specOf, type Tensor } from "../graph-node.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { placeholder } from "../ops/constants.js";
import { add, multiply } from "../ops/math.js";
import { mean, sum } from "../ops/reduction.js";
import type { SavedModelGraph } from "../saved-model/signature.js";
import { channelsOf, type GroupedConvolution } from "./channels.js";

/** The weights that the network takes from another one; the others start at random. */
export type ImportanceImports = Pick<TrainingPlan, "importedVariables" | "importedClasses">;

/**
 * Builds the graph that measures how much the loss of a batch would change without a channel, to first order (Molchanov
 * et al., 2019, "Importance Estimation for Neural Network Pruning"), before it is squared. Its signatures:
 *
 * - `contributions`: images uint8 [?, size, size, 3], labels int32 [?] -> for each convolution, by its name, the sum of
 *   gradient * weight over the weights that scale a channel's output, float32 [width]
 * - `import` from another network's checkpoint, `init`, `save`, `restore`
 *
 * These weights are a filter and its bias; behind a batch normalization they are gamma and beta, because the loss does
 * not depend on the size of a normalized filter, so that the sum over the filter is always 0. Normalizations use the
 * statistics of the batch, and nothing is dropped.
 *
 * @throws AppError `NETWORK_INVALID`
 */
export function buildImportanceGraph(network: NetworkSpec, imports: ImportanceImports): SavedModelGraph {
  const model = new NetworkGraph(network);
  const { graph, images } = model;
  const labels = placeholder(graph, "labels", "int32", [null]);
  const { logits, pass } = model.forward({ kind: "training", draw: null, microBatchSize: 1 });
  const loss = graph.scope("loss", () => mean(graph, softmaxCrossEntropy(graph, logits, labels), [0]));
  const { groups, axes } = channelsOf(shapedLayersOf(network));
  const convolutions = groups.flatMap((group) => group.convolutions);
  const values = convolutions.flatMap((convolution) =>
    scalingVariables(convolution, axes).map((name) => pass.value(name)),
  );
  const byValue = gradients(graph, loss, values);

  const contributionOf = (convolution: GroupedConvolution): Tensor => {
    const parts = scalingVariables(convolution, axes).flatMap((name) => {
      const value = pass.value(name);
      const gradient = byValue.get(value);
      if (gradient === undefined) return [];
      const product = multiply(graph, gradient, value);
      const axes = value.shape.slice(0, -1).map((_, axis) => axis);
      return [axes.length === 0 ? product : sum(graph, product, axes)];
    });
    return parts.reduce((total, part) => add(graph, total, part));
  };
  const outputs = Object.fromEntries(
    convolutions.map((convolution) => [
      convolution.name,
      specOf(graph.scope(`contributions/${convolution.name}`, () => contributionOf(convolution))),
    ]),
  );
  return model.finish({
    contributions: { inputs: { images: specOf(images), labels: specOf(labels) }, outputs },
    ...importSignature(model, imports),
  });
}

function scalingVariables(
  { name, normalization }: GroupedConvolution,
  axes: ReadonlyMap<string, unknown>,
): readonly string[] {
  if (normalization !== null) return [`${normalization}/gamma`, `${normalization}/beta`];
  return [`${name}/kernel`, `${name}/bias`].filter((variable) => axes.has(variable));
}
