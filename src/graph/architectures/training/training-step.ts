import { gradients } from "../../gradients/gradients.js";
import type { GraphBuilder } from "../../graph-builder.js";
import type { GraphNode, Tensor } from "../../graph-node.js";
import { dropoutDraw } from "../../layers/dropout-draw.js";
import type { ForwardPass } from "../../layers/forward-pass.js";
import { learningRateAt } from "../../learning-rate/learning-rate.js";
import { distillationLoss } from "../../losses/distillation.js";
import { softmaxCrossEntropy } from "../../losses/softmax-cross-entropy.js";
import { topKCorrect } from "../../metrics/top-k.js";
import { cast, packScalars } from "../../ops/array.js";
import { int64 } from "../../ops/constants.js";
import { add, multiply } from "../../ops/math.js";
import { assignAddVariable, readVariable } from "../../ops/variables.js";
import type { VariableGradient } from "../../optimizers/apply-gradients.js";
import { LossScale } from "../../optimizers/loss-scale.js";
import type { OptimizerContext } from "../../optimizers/update-rule.js";
import type { Variable } from "../../variables.js";
import type { NetworkGraph } from "../network-graph.js";
import type { TrainingSpec } from "../network-spec.js";
import type { StepInputs } from "./step-inputs.js";

/** Seeds of a step are [run's seed, step * 64 + stream]. */
const RANDOM_STREAMS_PER_STEP = 64;

export interface ForwardFigures {
  /** The loss of every image, smoothed, weighted and with the part of the teacher: float32 [?]. */
  readonly losses: Tensor;
  /** Counts, int32 []. */
  readonly top1: Tensor;
  readonly top5: Tensor;
  readonly pass: ForwardPass;
}

/**
 * Adds the pass from a batch, or a micro-batch, to its losses.
 *
 * @param step int64 []: optimizer steps taken before this one
 * @param first place of the micro-batch's first image in the batch, int32 []; null: the micro-batch is the batch
 */
export function addTrainingPass(
  model: NetworkGraph,
  training: TrainingSpec,
  inputs: StepInputs,
  step: Tensor,
  first: Tensor | null,
): ForwardFigures {
  const { graph, network } = model;
  const draw = dropoutDraw(graph, (stream) => seedOf(graph, network.seed, step, stream), first);
  const { logits, pass } = model.forward(
    { kind: "training", draw, microBatchSize: training.microBatchSize },
    inputs.train.options,
  );
  const { labels } = inputs;
  return {
    losses: graph.scope("loss", () => lossesOf(model, training, inputs, logits)),
    top1: graph.scope("top1", () => topKCorrect(graph, logits, labels, 1)),
    top5: graph.scope("top5", () => topKCorrect(graph, logits, labels, 5)),
    pass,
  };
}

function lossesOf(
  { graph }: NetworkGraph,
  { distillation, ...training }: TrainingSpec,
  { labels, teacherLogits }: StepInputs,
  logits: Tensor,
): Tensor {
  const ofLabels = softmaxCrossEntropy(graph, logits, labels, training);
  if (distillation === null || teacherLogits === null) return ofLabels;
  const both = { student: logits, teacher: teacherLogits };
  return distillationLoss(graph, ofLabels, labels, both, distillation);
}

function seedOf(graph: GraphBuilder, seed: number, step: Tensor, stream: number): Tensor {
  const first = multiply(graph, step, int64(graph, RANDOM_STREAMS_PER_STEP));
  return packScalars(graph, [int64(graph, seed), add(graph, first, int64(graph, stream))]);
}

/**
 * The inputs of the optimizer.
 *
 * @param step int64 []: steps taken before this one
 */
export function stepContext(
  { graph, variables }: NetworkGraph,
  training: TrainingSpec,
  step: Tensor,
  lossScale: LossScale | null,
): OptimizerContext {
  const floatStep = cast(graph, step, "float32");
  const updates = lossScale === null ? floatStep : cast(graph, lossScale.updates(step), "float32");
  const learningRate = graph.scope("learning_rate", () => learningRateAt(graph, training, floatStep));
  return { graph, variables, learningRate, step: updates };
}

/** Null unless the network computes in float16, whose range is so narrow that gradients vanish. */
export function lossScaleOf({ graph, variables, network }: NetworkGraph): LossScale | null {
  return network.precision === "MIXED_FLOAT16" ? new LossScale(graph, variables) : null;
}

/** The number of steps before this one, int64 [], read before this step is counted. */
export function readStep(graph: GraphBuilder, globalStep: Variable): Tensor {
  return readVariable(graph, globalStep.handle, globalStep, { name: "step/Read" });
}

/** Adds the node that counts a step, once the nodes of `after` have run. */
export function advanceStep(
  graph: GraphBuilder,
  globalStep: Variable,
  after: readonly GraphNode[],
): { readonly advanced: GraphNode; readonly step: Tensor } {
  const advanced = assignAddVariable(graph, globalStep.handle, globalStep, int64(graph, 1), {
    name: "step/Advance",
    after,
  });
  return { advanced, step: readVariable(graph, globalStep.handle, globalStep, { after: [advanced] }) };
}

/** Adds the gradients of a loss, float32 [], for all variables that learn. */
export function addGradients(
  graph: GraphBuilder,
  loss: Tensor,
  learning: readonly Variable[],
  pass: ForwardPass,
  lossScale: LossScale | null,
): readonly VariableGradient[] {
  const scaled = lossScale === null ? loss : lossScale.scale(loss);
  const byValue = gradients(
    graph,
    scaled,
    learning.map(({ name }) => pass.value(name)),
  );
  return learning.flatMap((variable) => {
    const value = pass.value(variable.name);
    const gradient = byValue.get(value);
    if (gradient === undefined) return [];
    // Readers in the forward pass come before the gradient, so they are done when it is computed.
    const readers = graph.consumersOf(value).filter(({ position }) => position > scaled.node.position);
    return [
      { variable, value, readers, gradient: lossScale === null ? gradient : lossScale.unscale(gradient) },
    ];
  });
}
