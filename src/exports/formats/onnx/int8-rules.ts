import { balanceRounding } from "../../network/balanced-rounding.js";
import type { ExportedNetwork, WeightedLayer } from "../../network/exported-network.js";
import {
  quantizationOf,
  quantizeBias,
  quantizeKernel,
  smallestKernelScales,
} from "../../network/quantization.js";
import type { KernelLayout } from "./kernel-layout.js";
import type { OnnxGraph } from "./onnx-graph.js";
import type { PrecisionRules, WeightNames } from "./precision-rules.js";

/** The stored scale and zero point of a value, and the scale itself. */
interface ValueQuantization {
  readonly names: readonly [scale: string, zeroPoint: string];
  readonly scale: number;
}

/** The difference of uint8 and int8 values with the same meaning. */
const UINT8_OFFSET = 128;
/**
 * The greatest magnitude of a quantized weight. Processors without VNNI (AVX2 and the first ones with AVX-512) add the
 * products of two neighbors, uint8 times int8, in 16 bits: 255 * 64 * 2 is the most that fits. ONNX Runtime's own quantizer
 * calls this `reduce_range`. A file moves between machines, so it is made for all of them. Balanced rounding makes up for the
 * lost bit.
 */
const WEIGHT_LIMIT = 64;

/**
 * Weights in int8 and activations in uint8, each behind a pair of QuantizeLinear and DequantizeLinear ("QDQ"), by which runtimes
 * know the operations that they may compute in whole numbers.
 */
export class Int8Rules implements PrecisionRules {
  /** By the name of the value. */
  readonly #quantizations = new Map<string, ValueQuantization>();

  constructor(
    private readonly graph: OnnxGraph,
    private readonly network: ExportedNetwork,
  ) {}

  weights(layer: WeightedLayer, layout: KernelLayout, input: string): WeightNames {
    const { graph, network } = this;
    const kernel = `${layer.name}/kernel`;
    const bias = `${layer.name}/bias`;
    const outputs = layout.shape[layout.outputAxis] ?? 0;
    const inputScale = this.#quantizationOf(input).scale;
    const windowSize = layer.operation.kind === "Conv2D" ? layer.operation.kernelSize ** 2 : 1;
    graph.tensors.push({
      tensors: [
        { name: `${kernel}/int8`, type: "int8", shape: layout.shape },
        { name: `${kernel}/scales`, type: "float32", shape: [outputs] },
        { name: `${kernel}/zero_points`, type: "int8", shape: [outputs] },
        { name: `${bias}/int32`, type: "int32", shape: [outputs] },
        { name: `${bias}/scales`, type: "float32", shape: [outputs] },
        { name: `${bias}/zero_points`, type: "int32", shape: [outputs] },
      ],
      load: async () => {
        const weights = await network.weightsOf(layer);
        const smallest = smallestKernelScales(weights.bias, inputScale, 0);
        const quantized = quantizeKernel(weights.kernel, outputs, WEIGHT_LIMIT, smallest);
        balanceRounding(weights.kernel, quantized, windowSize, WEIGHT_LIMIT);
        const { values, scales } = quantized;
        const quantizedBias = quantizeBias(weights.bias, inputScale, scales);
        return [
          layout.arrange(values),
          [scales],
          [new Int8Array(outputs)],
          [quantizedBias.values],
          [quantizedBias.scales],
          [new Int32Array(outputs)],
        ];
      },
    });
    const kernelInputs = [`${kernel}/int8`, `${kernel}/scales`, `${kernel}/zero_points`];
    const biasInputs = [`${bias}/int32`, `${bias}/scales`, `${bias}/zero_points`];
    graph.add("DequantizeLinear", kernelInputs, kernel, { axis: layout.outputAxis });
    graph.add("DequantizeLinear", biasInputs, bias, { axis: 0 });
    return { kernel, bias };
  }

  pass(computed: string, layer: string): string {
    const range = this.network.ranges?.get(layer);
    if (range === undefined) throw new Error(`Expected a range for the layer "${layer}". There is none.`);
    const { scale, zeroPoint } = quantizationOf(range);
    const names = [
      this.graph.constant(`${layer}/scale`, "float32", [], Float32Array.of(scale)),
      this.graph.constant(`${layer}/zero_point`, "uint8", [], Uint8Array.of(zeroPoint + UINT8_OFFSET)),
    ] as const;
    return this.#quantized(computed, { names, scale });
  }

  passLike(computed: string, input: string): string {
    return this.#quantized(computed, this.#quantizationOf(input));
  }

  #quantized(computed: string, quantization: ValueQuantization): string {
    const { names } = quantization;
    const quantized = this.graph.add("QuantizeLinear", [computed, ...names], `${computed}/quantized`);
    const passed = this.graph.add("DequantizeLinear", [quantized, ...names], `${computed}/dequantized`);
    this.#quantizations.set(passed, quantization);
    return passed;
  }

  #quantizationOf(value: string): ValueQuantization {
    const quantization = this.#quantizations.get(value);
    if (quantization === undefined) throw new Error(`Expected "${value}" to be quantized.`);
    return quantization;
  }
}
