import type { SavedModelGraph } from "../saved-model/signature.js";
import { NetworkGraph } from "./network-graph.js";
import type { NetworkSpec } from "./network-spec.js";

/**
 * Builds the graph that classifies: `serving_default` is the training graph's `predict`, and `init`, `save` and `restore`
 * are of the network's variables alone. It restores checkpoints of the training graph.
 *
 * A SavedModel of it loads its weights from `variables/` and has no other signature than `serving_default`, because
 * converters such as TensorFlow Lite's and tf2onnx convert every signature that they find, or the first one.
 *
 * @throws AppError `NETWORK_INVALID`
 */
export function buildServingGraph(network: NetworkSpec): SavedModelGraph {
  const serving = new NetworkGraph(network);
  const signature = serving.graph.scope("predict", () =>
    serving.predictSignature(serving.forward({ kind: "inference", isConverted: true }).logits),
  );
  return serving.finish({ serving_default: signature }, ["serving_default"]);
}
