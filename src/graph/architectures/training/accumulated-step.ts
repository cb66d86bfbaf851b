import type { GraphBuilder } from "../../graph-builder.js";
import { type GraphNode, specOf, type Tensor } from "../../graph-node.js";
import { computedLate } from "../../initializers/computed-late.js";
import { zeros } from "../../initializers/constant-value.js";
import { cast, fill, identity } from "../../ops/array.js";
import { float32, placeholder } from "../../ops/constants.js";
import { divide, multiply } from "../../ops/math.js";
import { sum } from "../../ops/reduction.js";
import { assignAddVariable, assignVariable, readVariable } from "../../ops/variables.js";
import { applyGradients } from "../../optimizers/apply-gradients.js";
import { doneAfter } from "../../saved-model/persistence.js";
import type { SignatureTable } from "../../saved-model/signature.js";
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

/**
 * Adds a step that computes its batch in micro-batches: `accumulate` adds a micro-batch's share to the gradients of the
 * whole batch's mean loss, `apply` changes the weights by them, and `reset` discards the gradients of an unfinished batch.
 * The weights are those of an undivided batch, up to rounding; only batch normalization uses the statistics of each
 * micro-batch.
 */
export function addAccumulatedStep(
  model: NetworkGraph,
  training: TrainingSpec,
  inputs: StepInputs,
  globalStep: Variable,
): SignatureTable {
  const { graph, variables } = model;
  const learning = model.learning(training.frozenStages);
  const accumulators = new Map(
    learning.map((variable) => {
      const { name, shape } = variable;
      const held = { name: `${name}/accumulator`, shape, trainable: false, transient: true };
      return [variable, variables.create({ ...held, initializer: zeros })];
    }),
  );
  const lossScale = lossScaleOf(model);

  const accumulate = graph.scope("accumulate", () => {
    const first = placeholder(graph, "first", "int32", []);
    const batchSize = placeholder(graph, "batch_size", "int32", []);
    const step = readStep(graph, globalStep);
    const { losses, top1, top5, pass } = addTrainingPass(model, training, inputs, step, first);
    const lossSum = graph.scope("loss", () => sum(graph, losses, [0]));
    const share = multiply(
      graph,
      lossSum,
      divide(graph, float32(graph, 1), cast(graph, batchSize, "float32")),
    );
    const targets = addGradients(graph, share, learning, pass, lossScale);
    const added = targets.flatMap(({ variable, gradient }) => {
      const accumulator = accumulators.get(variable);
      return accumulator === undefined
        ? []
        : [assignAddVariable(graph, accumulator.handle, accumulator, gradient)];
    });
    const after = [...added, ...pass.stateUpdates];
    const afterwards = (tensor: Tensor, name: string) => specOf(identity(graph, tensor, { name, after }));
    return {
      inputs: {
        ...inputs.train.fed,
        labels: specOf(inputs.labels),
        first: specOf(first),
        batch_size: specOf(batchSize),
      },
      outputs: {
        loss_sum: afterwards(lossSum, "loss_sum"),
        top1: afterwards(top1, "top1"),
        top5: afterwards(top5, "top5"),
      },
    };
  });

  const apply = graph.scope("apply", () => {
    const step = readStep(graph, globalStep);
    const context = stepContext(model, training, step, lossScale);
    const targets = [...accumulators].map(([variable, accumulator]) => {
      const value = readVariable(graph, variable.handle, variable);
      return { variable, value, gradient: readVariable(graph, accumulator.handle, accumulator), readers: [] };
    });
    const updates = applyGradients(context, training, targets, lossScale);
    const emptied = emptyAll(graph, [...accumulators.values()], updates);
    const { advanced, step: afterThis } = advanceStep(graph, globalStep, emptied);
    return {
      inputs: {},
      outputs: {
        learning_rate: specOf(identity(graph, context.learningRate, { after: [advanced] })),
        global_step: specOf(afterThis),
      },
    };
  });

  const reset = graph.scope("reset", () => {
    const emptied = emptyAll(graph, [...accumulators.values()], []);
    return graph.addNode("NoOp", { after: emptied });
  });
  return {
    accumulate,
    apply,
    reset: { inputs: {}, outputs: { done: specOf(doneAfter(graph, "reset", reset)) } },
  };
}

function emptyAll(
  graph: GraphBuilder,
  accumulators: readonly Variable[],
  after: readonly GraphNode[],
): readonly GraphNode[] {
  // Zeros are computed after the updates: computed earlier, they would take memory at the same time.
  const zero = identity(graph, computedLate(graph, float32(graph, 0)), { after });
  return accumulators.map((accumulator) =>
    assignVariable(graph, accumulator.handle, accumulator, fill(graph, accumulator.shape, zero)),
  );
}
