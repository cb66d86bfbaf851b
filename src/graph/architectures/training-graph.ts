import { gradients } from "../gradients/gradients.js";
import type { GraphBuilder } from "../graph-builder.js";
import { type GraphNode, specOf, type Tensor } from "../graph-node.js";
import type { DropoutSeed, ForwardPass } from "../layers/forward-pass.js";
import { learningRateAt } from "../learning-rate/learning-rate.js";
import { softmaxCrossEntropy } from "../losses/softmax-cross-entropy.js";
import { topKCorrect } from "../metrics/top-k.js";
import { cast, identity, packScalars } from "../ops/array.js";
import { int64, placeholder } from "../ops/constants.js";
import { add, multiply } from "../ops/math.js";
import { mean, sum } from "../ops/reduction.js";
import { assignAddVariable, readVariable } from "../ops/variables.js";
import { updateRule } from "../optimizers/optimizer.js";
import type { UpdateRule } from "../optimizers/update-rule.js";
import type { SavedModelGraph, Signature } from "../saved-model/signature.js";
import type { Variable } from "../variables.js";
import { NetworkGraph } from "./network-graph.js";
import type { NetworkSpec, TrainingSpec } from "./network-spec.js";

/** Name of the variable that counts optimizer steps. */
export const GLOBAL_STEP = "global_step";

/** Seeds of a step are [run's seed, step * 64 + stream]. */
const RANDOM_STREAMS_PER_STEP = 64;

/**
 * The graph that trains, with these signatures (images uint8 [?, size, size, 3], labels int32 [?]):
 *
 * - `train_step`: images, labels -> loss (mean), top1 and top5 (counts) of the batch before the
 *   update, learning_rate used, global_step after the update
 * - `eval_step`: images, labels -> loss_sum, top1, top5 over the batch
 * - `predict`: images -> probabilities, logits
 * - `init`, `save`, `restore`
 *
 * @throws AppError `NETWORK_INVALID` or `TRAINING_INVALID`
 */
export function buildTrainingGraph(network: NetworkSpec, training: TrainingSpec): SavedModelGraph {
  const model = new NetworkGraph(network);
  const { graph, variables } = model;
  const labels = placeholder(graph, "labels", "int32", [null]);
  const globalStep = variables.createCounter(GLOBAL_STEP, (inside) => int64(inside, 0));

  const trainStep = graph.scope("train", () => trainSignature(model, training, labels, globalStep));
  const inference = graph.scope("inference", () => {
    const { logits } = model.forward({ kind: "inference" });
    return {
      eval_step: evalSignature(graph, model.images, labels, logits),
      predict: model.predictSignature(logits),
    };
  });
  return model.finish({ train_step: trainStep, ...inference });
}

function trainSignature(
  model: NetworkGraph,
  training: TrainingSpec,
  labels: Tensor,
  globalStep: Variable,
): Signature {
  const { graph, variables } = model;
  const step = readVariable(graph, globalStep.handle, globalStep, { name: "step/Read" });
  const dropoutSeed = seedsOfStep(graph, model.network.seed, step);
  const { logits, pass } = model.forward({ kind: "training", dropoutSeed });
  const loss = graph.scope("loss", () => mean(graph, softmaxCrossEntropy(graph, logits, labels), [0]));
  const top1 = graph.scope("top1", () => topKCorrect(graph, logits, labels, 1));
  const top5 = graph.scope("top5", () => topKCorrect(graph, logits, labels, 5));

  const floatStep = cast(graph, step, "float32");
  const learningRate = graph.scope("learning_rate", () => learningRateAt(graph, training, floatStep));
  const update = updateRule({ graph, variables, learningRate, step: floatStep }, training.optimizer);
  const updates = applyGradients(graph, loss, variables.trainable, pass, update);
  const advanced = assignAddVariable(graph, globalStep.handle, globalStep, int64(graph, 1), {
    name: "step/Advance",
    after: [...updates, ...pass.stateUpdates],
  });

  // Fetching any of these runs the whole step.
  const afterwards = (tensor: Tensor, name: string) =>
    specOf(identity(graph, tensor, { name, after: [advanced] }));
  const stepAfterwards = readVariable(graph, globalStep.handle, globalStep, { after: [advanced] });
  return {
    inputs: { images: specOf(model.images), labels: specOf(labels) },
    outputs: {
      loss: afterwards(loss, "loss"),
      top1: afterwards(top1, "top1"),
      top5: afterwards(top5, "top5"),
      learning_rate: afterwards(learningRate, "learning_rate"),
      global_step: specOf(stepAfterwards),
    },
  };
}

/** Adds the update of every variable by its gradient. */
function applyGradients(
  graph: GraphBuilder,
  loss: Tensor,
  trainable: readonly Variable[],
  pass: ForwardPass,
  update: UpdateRule,
): GraphNode[] {
  const values = trainable.map(({ name }) => pass.value(name));
  const byValue = gradients(graph, loss, values);
  return trainable.flatMap((variable) => {
    const value = pass.value(variable.name);
    const gradient = byValue.get(value);
    if (gradient === undefined) return [];
    // An update works in place once nothing else holds the old value; with a reader left it would
    // copy the variable first. Readers of the forward pass lead to the gradient, so they are done.
    const readers = graph.consumersOf(value).filter(({ position }) => position > loss.node.position);
    return [graph.scope(`update/${variable.name}`, () => update(variable, gradient, readers))];
  });
}

function seedsOfStep(graph: GraphBuilder, seed: number, step: Tensor): DropoutSeed {
  return (stream) => {
    const first = multiply(graph, step, int64(graph, RANDOM_STREAMS_PER_STEP));
    return packScalars(graph, [int64(graph, seed), add(graph, first, int64(graph, stream))]);
  };
}

function evalSignature(graph: GraphBuilder, images: Tensor, labels: Tensor, logits: Tensor): Signature {
  const top1 = graph.scope("top1", () => topKCorrect(graph, logits, labels, 1));
  const top5 = graph.scope("top5", () => topKCorrect(graph, logits, labels, 5));
  const lossSum = graph.scope("loss", () => sum(graph, softmaxCrossEntropy(graph, logits, labels), [0]));
  return {
    inputs: { images: specOf(images), labels: specOf(labels) },
    outputs: {
      loss_sum: specOf(lossSum),
      top1: specOf(top1),
      top5: specOf(top5),
    },
  };
}
