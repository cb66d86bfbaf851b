import { AppError } from "../../../core/app-error.js";
import { type GraphNode, specOf, type Tensor } from "../../graph-node.js";
import { zeros } from "../../initializers/constant-value.js";
import { ForwardPass } from "../../layers/forward-pass.js";
import { applyLayers, NETWORK_INPUT } from "../../layers/layer-graph.js";
import { gatherLast } from "../../ops/columns.js";
import { int32Vector } from "../../ops/constants.js";
import { checkpointPrefix, doneAfter, restoreVariables } from "../../saved-model/persistence.js";
import type { Signature } from "../../saved-model/signature.js";
import { Variables } from "../../variables.js";
import { shapedLayersOf } from "../layer-table.js";
import { COMPUTE_TYPES, type NetworkGraph } from "../network-graph.js";
import { checkNetwork, type TeacherSpec } from "../network-spec.js";
import { preprocess } from "../preprocessing.js";
import { resizeImages } from "../resize-images.js";

const SCOPE = "teacher";

/** The outputs of a teacher, and the signature that gives it its weights. */
interface TeacherPass {
  /** Float32 [?, classes], in the teacher's order of classes. */
  readonly logits: Tensor;
  /** `teacher`: path prefix -> weights of the teacher from a checkpoint of its network. */
  readonly signature: Signature;
}

/**
 * Adds another network that computes as in inference, in the precision of the one that trains. Its variables are not
 * among those of the graph: no checkpoint has them, `init` and `restore` leave them alone, and no gradient reaches them.
 *
 * @param pixels uint8 [?, size, size, 3] of any size
 * @throws AppError `NETWORK_INVALID`
 */
export function addTeacher(
  { graph, network }: NetworkGraph,
  teacher: TeacherSpec,
  pixels: Tensor,
): TeacherPass {
  checkNetwork(teacher.network);
  const { imageSizePixels, preprocessing, seed } = teacher.network;
  const computeType = COMPUTE_TYPES[network.precision];
  const layers = shapedLayersOf(teacher.network);
  const variables = new Variables(graph, seed, `${SCOPE}/`);
  for (const variable of layers.flatMap((layer) => layer.variables)) {
    variables.create({ ...variable, initializer: zeros });
  }
  return graph.scope(SCOPE, () => {
    const input = graph.scope("preprocessing", () =>
      preprocess(graph, resizeImages(graph, pixels, imageSizePixels), preprocessing, computeType),
    );
    const pass = new ForwardPass(graph, variables, { kind: "inference" }, computeType);
    const outputs = applyLayers(layers, new Map([[NETWORK_INPUT, input]]), pass);
    const prefix = checkpointPrefix(graph);
    const restored: readonly GraphNode[] = restoreVariables(graph, prefix, variables.all);
    const done = doneAfter(graph, "restore", graph.addNode("NoOp", { after: restored }));
    return {
      logits: [...outputs.values()].at(-1) ?? input,
      signature: { inputs: { prefix: specOf(prefix) }, outputs: { done: specOf(done) } },
    };
  });
}

/**
 * Orders a teacher's logits as the classes of the network that trains: [n, classes].
 *
 * @throws AppError `TRAINING_INVALID` unless there is one position for each class
 */
export function orderLogits(
  { graph, network }: NetworkGraph,
  { network: { classCount }, classPositions }: TeacherSpec,
  logits: Tensor,
): Tensor {
  if (classPositions.length !== network.classCount || classCount !== network.classCount) {
    throw new AppError(
      "TRAINING_INVALID",
      `A teacher needs the ${network.classCount} classes of its student. Received ${classPositions.length} positions ` +
        `among ${classCount} classes.`,
    );
  }
  if (classPositions.every((position, index) => position === index)) return logits;
  return graph.scope(SCOPE, () => gatherLast(graph, logits, int32Vector(graph, classPositions)));
}
