import type { GraphBuilder } from "../graph-builder.js";
import { type GraphNode, specOf, type Tensor } from "../graph-node.js";
import { restoreTensors } from "../ops/checkpoint.js";
import { gatherLast, selectLast } from "../ops/columns.js";
import { greaterEqual } from "../ops/comparison.js";
import { int32, int32Vector, int64 } from "../ops/constants.js";
import { assignVariable, readVariable } from "../ops/variables.js";
import { checkpointPrefix, doneAfter, restoreVariables } from "../saved-model/persistence.js";
import type { SavedModelGraph, Signature, SignatureTable } from "../saved-model/signature.js";
import type { Variable } from "../variables.js";
import { PREDICTIONS } from "./head.js";
import { NetworkGraph } from "./network-graph.js";
import type { ImportedClasses, NetworkSpec, TrainingSpec } from "./network-spec.js";
import { addAccumulatedStep } from "./training/accumulated-step.js";
import { addEvaluationStep } from "./training/evaluation-step.js";
import { addStepInputs } from "./training/step-inputs.js";
import { addTrainStep } from "./training/train-step.js";
import { addWeightHistograms } from "./training/weight-histograms.js";

/** Name of the variable that counts optimizer steps. */
const GLOBAL_STEP = "global_step";

/**
 * Builds the graph that trains. Its signatures are (images uint8 [?, size, size, 3], labels int32 [?]):
 *
 * - `train_step`: images, labels -> loss (mean), top1 and top5 (counts) of the batch before the
 *   update, learning_rate used, global_step after the update
 * - with `accumulation`, in its place: `accumulate`: images, labels, first int32 [] (place of the micro-batch in the
 *   batch), batch_size int32 [] (of the whole batch) -> loss_sum, top1, top5 of the micro-batch;
 *   `apply`: -> learning_rate, global_step; `reset`
 * - `eval_step`: images, labels -> losses float32 [?], ranked int32 [?, k], probabilities float32 [?, k]
 * - `predict`: images -> probabilities, logits float32 [?, classes]
 * - `histograms` of the weights
 * - with an augmentation, training takes samples int32 [?] (positions in the manifest) and epoch int32
 *   [] too, and `augment` gives the pixels int32 [?, size, size, 3] that it trains on
 * - with frozen stages, batches of training and evaluation have at most `microBatchSize` images
 * - with cached features, training and evaluation take features int32 [?, words] in place of images,
 *   which `features` gives
 * - with a teacher whose logits are cached, training takes teacher_logits float32 [?, classes] in the teacher's order;
 *   with another teacher, `teacher` reads its weights from a checkpoint of its network
 * - with imported variables, `import` reads them from another network's checkpoint after `init`; with imported classes,
 *   the last layer takes the values of the classes that the other network has too
 * - `init`, `save`, `restore`
 *
 * @throws AppError `NETWORK_INVALID` or `TRAINING_INVALID`
 */
export function buildTrainingGraph(network: NetworkSpec, training: TrainingSpec): SavedModelGraph {
  const model = new NetworkGraph(network, training.customOps, training.eigenKernelGradients);
  const { graph, variables } = model;
  const globalStep = variables.createCounter(GLOBAL_STEP, (inside) => int64(inside, 0));
  const inputs = addStepInputs(model, training);

  const learning: SignatureTable = graph.scope("train", () =>
    training.accumulation
      ? addAccumulatedStep(model, training, inputs, globalStep)
      : { train_step: addTrainStep(model, training, inputs, globalStep) },
  );
  const inference = graph.scope("inference", () => {
    const { logits } = model.forward({ kind: "inference" });
    return { logits, predict: model.predictSignature(logits) };
  });
  const evaluation = graph.scope("evaluation", () => {
    const { logits } =
      training.frozenStages > 0 ? model.forward({ kind: "inference" }, inputs.evaluate.options) : inference;
    return addEvaluationStep(model, inputs, logits);
  });
  const histograms = graph.scope("histograms", () => addWeightHistograms(model));
  return model.finish({
    ...learning,
    ...inputs.signatures,
    ...importSignature(model, training),
    eval_step: evaluation,
    predict: inference.predict,
    histograms,
  });
}

/** Adds `import`, if variables are imported. */
export function importSignature(
  { graph, variables }: NetworkGraph,
  { importedVariables, importedClasses }: Pick<TrainingSpec, "importedVariables" | "importedClasses">,
): { readonly import?: Signature } {
  if (importedVariables.length === 0) return {};
  return graph.scope("import", () => {
    const prefix = checkpointPrefix(graph);
    const ofClasses = (name: string): boolean =>
      importedClasses !== null && name.startsWith(`${PREDICTIONS}/`);
    const whole = importedVariables.filter((name) => !ofClasses(name)).map((name) => variables.get(name));
    const byClass = importedVariables.filter(ofClasses).map((name) => variables.get(name));
    const assigned = [
      ...(whole.length === 0 ? [] : restoreVariables(graph, prefix, whole)),
      ...(importedClasses === null ? [] : restoreByClass(graph, prefix, byClass, importedClasses)),
    ];
    const read = graph.addNode("NoOp", { after: assigned });
    return {
      import: {
        inputs: { prefix: specOf(prefix) },
        outputs: { done: specOf(doneAfter(graph, "import", read)) },
      },
    };
  });
}

/** Reads the values of the classes that the source has; those of the others keep their values. */
function restoreByClass(
  graph: GraphBuilder,
  prefix: Tensor,
  variables: readonly Variable[],
  { sourceCount, positions }: ImportedClasses,
): readonly GraphNode[] {
  if (variables.length === 0) return [];
  const held = variables.map(({ dtype, shape }) => ({ dtype, shape: [...shape.slice(0, -1), sourceCount] }));
  const values = restoreTensors(
    graph,
    prefix,
    variables.map(({ name }) => name),
    held,
  );
  const known = greaterEqual(
    graph,
    int32Vector(
      graph,
      positions.map((position) => position ?? -1),
    ),
    int32(graph, 0),
  );
  const taken = int32Vector(
    graph,
    positions.map((position) => position ?? 0),
  );
  return variables.flatMap((variable, index) => {
    const value = values[index];
    if (value === undefined) return [];
    const own = readVariable(graph, variable.handle, variable);
    const merged = selectLast(graph, known, gatherLast(graph, value, taken), own);
    return [assignVariable(graph, variable.handle, variable, merged)];
  });
}
