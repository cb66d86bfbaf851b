import type { Tensor } from "../graph-node.js";
import { zeros } from "../initializers/constant-value.js";
import type { Initializer } from "../initializers/initializer.js";
import { cast } from "../ops/array.js";
import { BIASED_PRODUCT, biased, coversBiased } from "../ops/custom/biased-ops.js";
import { biasAdd, matMul, relu } from "../ops/math.js";
import type { Activation, LayerRules } from "./layer.js";

export interface DenseOptions {
  readonly name: string;
  /** Output units. */
  readonly width: number;
  readonly activation: Activation;
  readonly kernelInitializer: Initializer;
  /** Computes in float32 whatever the network's type, for logits that would be equal in bfloat16. */
  readonly inFloat32: boolean;
}

export interface DenseLayer extends LayerRules, DenseOptions {
  readonly kind: "Dense";
}

/** Up to this many samples, reading a kernel takes longer than multiplying by it. */
const FEW_ROWS = 16;

/** [inputs] -> [width]; the kernel is [inputs, width], the bias [width]. */
export function dense(options: DenseOptions): DenseLayer {
  const { name, width, activation, kernelInitializer, inFloat32 } = options;
  const kernelName = `${name}/kernel`;
  const biasName = `${name}/bias`;
  return {
    ...options,
    kind: "Dense",
    outputShape: () => [width],
    variables: ([inputs = 0]) => [
      { name: kernelName, shape: [inputs, width], trainable: true, initializer: kernelInitializer },
      { name: biasName, shape: [width], trainable: true, initializer: zeros },
    ],
    apply: (pass, input: Tensor) => {
      const { graph, mode } = pass;
      const dtype = inFloat32 ? "float32" : pass.computeType;
      if (mode.kind === "training" && mode.microBatchSize <= FEW_ROWS && !inFloat32) {
        const kernel = pass.value(kernelName);
        if (coversBiased(graph, BIASED_PRODUCT, input, kernel)) {
          const fused = { relu: activation === "relu" };
          return biased(graph, BIASED_PRODUCT, input, kernel, pass.value(biasName), fused);
        }
      }
      const product = matMul(graph, cast(graph, input, dtype), pass.weight(kernelName, dtype));
      const shifted = biasAdd(graph, product, pass.weight(biasName, dtype));
      return activation === "relu" ? relu(graph, shifted) : shifted;
    },
  };
}
