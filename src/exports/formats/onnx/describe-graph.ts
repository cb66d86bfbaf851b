import type { ExportPrecision } from "../../../core/enumerations.js";
import { IMAGE_CHANNELS } from "../../../graph/architectures/preprocessing.js";
import type { FoldedConvolution, FoldedDense, FoldedLayer } from "../../../graph/folding/folded-network.js";
import { NETWORK_INPUT } from "../../../graph/layers/layer-graph.js";
import type { ExportedNetwork } from "../../network/exported-network.js";
import { FloatRules } from "./float-rules.js";
import { Int8Rules } from "./int8-rules.js";
import { convolutionLayout, denseLayout } from "./kernel-layout.js";
import type { Attributes } from "./messages.js";
import { OnnxGraph } from "./onnx-graph.js";
import type { PrecisionRules } from "./precision-rules.js";

export const IMAGES = "images";
export const PROBABILITIES = "probabilities";

/** Describes a network from the images, uint8 [n, size, size, 3], to the probabilities, float32 [n, classes]. */
export function describeGraph(network: ExportedNetwork, precision: ExportPrecision): OnnxGraph {
  return new GraphDescription(network, precision).complete();
}

class GraphDescription {
  readonly #graph = new OnnxGraph();
  readonly #rules: PrecisionRules;
  /** The value that each layer passes on, by the layer's name. */
  readonly #values = new Map<string, string>();

  constructor(
    private readonly network: ExportedNetwork,
    precision: ExportPrecision,
  ) {
    this.#rules = rulesOf(this.#graph, network, precision);
  }

  complete(): OnnxGraph {
    this.#values.set(NETWORK_INPUT, this.#rules.pass(this.#scaledImages(), NETWORK_INPUT));
    for (const layer of this.network.layers) this.#values.set(layer.name, this.#layer(layer));
    const logits = this.#valueOf(this.network.layers.at(-1)?.name);
    this.#graph.add("Softmax", [logits], PROBABILITIES, { axis: -1 });
    return this.#graph;
  }

  /** Channels come first in ONNX. The images are turned while they are bytes, which is four times less work. */
  #scaledImages(): string {
    const graph = this.#graph;
    const { factors, offsets } = this.network.scaling;
    const turned = graph.add("Transpose", [IMAGES], "preprocessing/transposed", { perm: [0, 3, 1, 2] });
    let pixels = graph.cast(turned, "float32", "preprocessing/cast");
    if (factors.some((factor) => factor !== 1)) {
      pixels = graph.add("Mul", [pixels, this.#byChannel("factors", factors)], "preprocessing/multiplied");
    }
    if (offsets.some((offset) => offset !== 0)) {
      pixels = graph.add("Add", [pixels, this.#byChannel("offsets", offsets)], "preprocessing/shifted");
    }
    return pixels;
  }

  #byChannel(name: string, values: readonly number[]): string {
    const shape = [1, IMAGE_CHANNELS, 1, 1];
    return this.#graph.constant(`preprocessing/${name}`, "float32", shape, Float32Array.from(values));
  }

  /** @returns the value that the layer passes on */
  #layer(layer: FoldedLayer): string {
    const { name, operation } = layer;
    const [input = "", ...others] = layer.inputs.map((before) => this.#valueOf(before));
    switch (operation.kind) {
      case "Conv2D":
        return this.#convolution({ ...layer, operation }, input);
      case "Dense":
        return this.#dense({ ...layer, operation }, input);
      case "Add":
        return this.#passed(layer, this.#activated(layer, "Add", [input, ...others]));
      case "MaxPooling2D": {
        const { window, stride, padding } = operation;
        const pooled = this.#graph.add("MaxPool", [input], name, windowOf(window, stride, padding));
        return this.#rules.passLike(pooled, input);
      }
      case "GlobalAveragePooling2D": {
        const mean = this.#graph.add("GlobalAveragePool", [input], `${name}/mean`);
        return this.#flattened(name, this.#rules.pass(mean, name));
      }
      case "Flatten":
        return this.#flattened(name, input);
    }
  }

  #convolution(layer: FoldedLayer<FoldedConvolution>, input: string): string {
    const { kernelSize, stride, padding } = layer.operation;
    const { kernel, bias } = this.#rules.weights(layer, convolutionLayout(layer.operation), input);
    const attributes = windowOf(kernelSize, stride, padding);
    return this.#passed(layer, this.#activated(layer, "Conv", [input, kernel, bias], attributes));
  }

  #dense(layer: FoldedLayer<FoldedDense>, input: string): string {
    const { inputs, units } = layer.operation;
    const before = this.network.layers.find(({ name }) => name === layer.inputs[0]);
    const flattened = before?.operation.kind === "Flatten" ? before.inputShape : null;
    const { kernel, bias } = this.#rules.weights(layer, denseLayout(inputs, units, flattened), input);
    return this.#passed(layer, this.#activated(layer, "Gemm", [input, kernel, bias]));
  }

  #flattened(name: string, input: string): string {
    return this.#rules.passLike(this.#graph.add("Flatten", [input], name, { axis: 1 }), input);
  }

  /** Adds an operation, and the activation behind it. */
  #activated(
    { name, operation }: FoldedLayer,
    operator: string,
    inputs: readonly string[],
    attributes: Attributes = {},
  ): string {
    const isActivated = "activation" in operation && operation.activation === "relu";
    if (!isActivated) return this.#graph.add(operator, inputs, name, attributes);
    const linear = this.#graph.add(operator, inputs, `${name}/linear`, attributes);
    return this.#graph.add("Relu", [linear], name);
  }

  /** The logits are not passed on: they stay in float32. */
  #passed({ name }: FoldedLayer, computed: string): string {
    return name === this.network.layers.at(-1)?.name ? computed : this.#rules.pass(computed, name);
  }

  #valueOf(layer: string | undefined): string {
    const value = this.#values.get(layer ?? "");
    if (value === undefined) throw new Error(`Expected a layer "${layer}" before those that read it.`);
    return value;
  }
}

function rulesOf(graph: OnnxGraph, network: ExportedNetwork, precision: ExportPrecision): PrecisionRules {
  switch (precision) {
    case "FLOAT32":
      return new FloatRules(graph, network, "float32");
    case "FLOAT16":
      return new FloatRules(graph, network, "float16");
    case "INT8":
      return new Int8Rules(graph, network);
  }
}

function windowOf(size: number, stride: number, padding: number): Attributes {
  return {
    kernel_shape: [size, size],
    pads: [padding, padding, padding, padding],
    strides: [stride, stride],
  };
}
