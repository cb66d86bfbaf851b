import { NetworkGraph } from "../../../src/graph/architectures/network-graph.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { gradients } from "../../../src/graph/gradients/gradients.js";
import { specOf, type Tensor } from "../../../src/graph/graph-node.js";
import { dropoutDraw } from "../../../src/graph/layers/dropout-draw.js";
import { softmaxCrossEntropy } from "../../../src/graph/losses/softmax-cross-entropy.js";
import { cast, deepCopy, packScalars } from "../../../src/graph/ops/array.js";
import { int64, placeholder } from "../../../src/graph/ops/constants.js";
import { mean } from "../../../src/graph/ops/reduction.js";
import { assignVariable } from "../../../src/graph/ops/variables.js";
import { doneAfter } from "../../../src/graph/saved-model/persistence.js";
import type { SavedModelGraph, Signature } from "../../../src/graph/saved-model/signature.js";
import type { TensorSpec } from "../../../src/graph/tensor-spec.js";

export interface InspectionOptions {
  /** Whether activations are dropped, as in the first step of training. */
  readonly dropout: boolean;
  /** Whether to normalize by the batch's statistics, and not by the moving ones as in evaluation. Default true. */
  readonly training?: boolean;
}

/** The beginnings of the names of `inspect`'s outputs. */
export const ACTIVATION_PREFIX = "activation/";
export const GRADIENT_PREFIX = "gradient/";

/**
 * Builds a graph that returns everything that a network computes, for tests:
 *
 * - `inspect`: images uint8 [?, size, size, 3], labels int32 [?] -> `activation/<layer>` of every
 *   layer, `gradient/<variable>` of every trainable variable, `logits` and `loss` (mean); all float32
 * - `assign`: a value for every variable, by its name -> done
 * - `init`, `save`, `restore`
 *
 * @throws AppError `NETWORK_INVALID`
 */
export function buildInspectionGraph(network: NetworkSpec, options: InspectionOptions): SavedModelGraph {
  const model = new NetworkGraph(network);
  const inspect = model.graph.scope("inspect", () => inspectSignature(model, options));
  const assign = model.graph.scope("assign", () => assignSignature(model));
  return model.finish({ inspect, assign });
}

function inspectSignature(model: NetworkGraph, { dropout, training = true }: InspectionOptions): Signature {
  const { graph, variables, network } = model;
  const labels = placeholder(graph, "labels", "int32", [null]);
  const seed = (stream: number): Tensor =>
    packScalars(graph, [int64(graph, network.seed), int64(graph, stream)]);
  const { logits, activations, pass } = model.forward(
    training
      ? { kind: "training", draw: dropout ? dropoutDraw(graph, seed, null) : null, microBatchSize: 1 }
      : { kind: "inference" },
  );
  const loss = mean(graph, softmaxCrossEntropy(graph, logits, labels), [0]);
  const targets = variables.trainable.map(({ name }) => pass.value(name));
  const byValue = gradients(graph, loss, targets);

  const outputs: Record<string, TensorSpec> = { logits: specOf(logits), loss: specOf(loss) };
  for (const [layer, activation] of activations) {
    outputs[ACTIVATION_PREFIX + layer] = specOf(cast(graph, activation, "float32"));
  }
  for (const { name } of variables.trainable) {
    const gradient = byValue.get(pass.value(name));
    if (gradient !== undefined) outputs[GRADIENT_PREFIX + name] = specOf(gradient);
  }
  return { inputs: { images: specOf(model.images), labels: specOf(labels) }, outputs };
}

function assignSignature({ graph, variables }: NetworkGraph): Signature {
  const inputs: Record<string, TensorSpec> = {};
  const assignments = variables.all.map((variable) =>
    graph.scope(variable.name, () => {
      const fed = placeholder(graph, "value", variable.dtype, variable.shape);
      inputs[variable.name] = specOf(fed);
      // The copy keeps the variable apart from the memory of the caller.
      return assignVariable(graph, variable.handle, variable, deepCopy(graph, fed));
    }),
  );
  const done = doneAfter(graph, "done", graph.addNode("NoOp", { after: assignments }));
  return { inputs, outputs: { done: specOf(done) } };
}
