import { specOf, type Tensor } from "../../graph-node.js";
import { identity } from "../../ops/array.js";
import { mean } from "../../ops/reduction.js";
import { applyGradients } from "../../optimizers/apply-gradients.js";
import type { Signature } from "../../saved-model/signature.js";
import type { Variable } from "../../variables.js";
import type { NetworkGraph } from "../network-graph.js";
import type { TrainingSpec } from "../network-spec.js";
import type { StepInputs } from "./step-inputs.js";
import {
  addGradients,
  addTrainingPass,
  advanceStep,
  lossScaleOf,
  readStep,
  stepContext,
} from "./training-step.js";

/** Adds `train_step`, which changes the weights by one batch. */
export function addTrainStep(
  model: NetworkGraph,
  training: TrainingSpec,
  inputs: StepInputs,
  globalStep: Variable,
): Signature {
  const { graph } = model;
  const step = readStep(graph, globalStep);
  const { losses, top1, top5, pass } = addTrainingPass(model, training, inputs, step, null);
  const loss = graph.scope("loss", () => mean(graph, losses, [0]));
  const lossScale = lossScaleOf(model);

  const context = stepContext(model, training, step, lossScale);
  const learning = model.learning(training.frozenStages);
  const targets = addGradients(graph, loss, learning, pass, lossScale);
  const updates = applyGradients(context, training, targets, lossScale);
  const { advanced, step: afterThis } = advanceStep(graph, globalStep, [...updates, ...pass.stateUpdates]);

  // Fetching any of these runs the whole step.
  const afterwards = (tensor: Tensor, name: string) =>
    specOf(identity(graph, tensor, { name, after: [advanced] }));
  return {
    inputs: { ...inputs.train.fed, labels: specOf(inputs.labels) },
    outputs: {
      loss: afterwards(loss, "loss"),
      top1: afterwards(top1, "top1"),
      top5: afterwards(top5, "top5"),
      learning_rate: afterwards(context.learningRate, "learning_rate"),
      global_step: specOf(afterThis),
    },
  };
}
