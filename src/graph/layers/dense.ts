import { zeros } from "../initializers/constant-value.js";
import type { Initializer } from "../initializers/initializer.js";
import { cast } from "../ops/array.js";
import { BIASED_PRODUCT, biased, coversBiased } from "../ops/biased-ops.js";
import { biasAdd, matMul, relu } from "../ops/math.js";
import type { Activation, Layer } from "./layer.js";

export interface DenseOptions {
  readonly name: string;
  readonly units: number;
  readonly activation: Activation;
  readonly kernelInitializer: Initializer;
  /** Computes in float32 whatever the network's type, for logits that bf16 would tie. */
  readonly inFloat32: boolean;
}

/** Up to so many, reading a kernel takes longer than multiplying with it. */
const FEW_ROWS = 16;

/** [inputs] -> [units]; kernel [inputs, units], bias [units]. */
export function dense({ name, units, activation, kernelInitializer, inFloat32 }: DenseOptions): Layer {
  const kernelName = `${name}/kernel`;
  const biasName = `${name}/bias`;
  return {
    name,
    kind: "Dense",
    outputShape: () => [units],
    variables: ([inputs = 0]) => [
      { name: kernelName, shape: [inputs, units], trainable: true, initializer: kernelInitializer },
      { name: biasName, shape: [units], trainable: true, initializer: zeros },
    ],
    apply: (input, pass) => {
      const { graph, mode } = pass;
      const dtype = inFloat32 ? "float32" : pass.computeType;
      if (mode.kind === "training" && mode.microBatchSize <= FEW_ROWS && !inFloat32) {
        const kernel = pass.value(kernelName);
        if (coversBiased(graph, BIASED_PRODUCT, input, kernel)) {
          const options = { relu: activation === "relu" };
          return biased(graph, BIASED_PRODUCT, input, kernel, pass.value(biasName), options);
        }
      }
      const product = matMul(graph, cast(graph, input, dtype), pass.weight(kernelName, dtype));
      const shifted = biasAdd(graph, product, pass.weight(biasName, dtype));
      return activation === "relu" ? relu(graph, shifted) : shifted;
    },
  };
}
