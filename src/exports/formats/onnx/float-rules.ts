import type { ExportedNetwork, WeightedLayer } from "../../network/exported-network.js";
import { toFloat16 } from "../../network/float16.js";
import type { KernelLayout } from "./kernel-layout.js";
import type { OnnxGraph } from "./onnx-graph.js";
import type { PrecisionRules, WeightNames } from "./precision-rules.js";

/**
 * Weights in float32, or kernels in float16 that are cast to float32, which runtimes do once, when they open the file.
 * Everything is computed in float32. Biases are few and stay as they are.
 */
export class FloatRules implements PrecisionRules {
  constructor(
    private readonly graph: OnnxGraph,
    private readonly network: ExportedNetwork,
    private readonly type: "float32" | "float16",
  ) {}

  weights(layer: WeightedLayer, layout: KernelLayout): WeightNames {
    const { graph, network, type } = this;
    const kernel = `${layer.name}/kernel`;
    const bias = `${layer.name}/bias`;
    const stored = type === "float32" ? kernel : `${kernel}/${type}`;
    graph.tensors.push({
      tensors: [
        { name: stored, type, shape: layout.shape },
        { name: bias, type: "float32", shape: [layout.shape[layout.outputAxis] ?? 0] },
      ],
      load: async () => {
        const weights = await network.weightsOf(layer);
        const values = type === "float32" ? weights.kernel : toFloat16(weights.kernel);
        return [layout.arrange(values), [weights.bias]];
      },
    });
    if (stored !== kernel) graph.cast(stored, "float32", kernel);
    return { kernel, bias };
  }

  pass(computed: string): string {
    return computed;
  }

  passLike(computed: string): string {
    return computed;
  }
}
