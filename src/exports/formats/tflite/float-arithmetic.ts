import { IMAGE_CHANNELS } from "../../../graph/architectures/preprocessing.js";
import { elementCount } from "../../../graph/tensor-spec.js";
import { bytesOf } from "../../files/export-file.js";
import type { ExportedNetwork } from "../../network/exported-network.js";
import { toFloat16 } from "../../network/float16.js";
import type { Arithmetic } from "./arithmetic.js";
import type { StreamedBytes } from "./flatbuffer.js";
import type { TfliteGraph } from "./graph.js";
import { outputsFirst } from "./kernel-layout.js";
import { OPTIONS, type TensorIndex } from "./schema.js";

/** The type of the weights in the file; everything is computed in float32. */
export type StoredFloat = "FLOAT32" | "FLOAT16";

const ELEMENT_BYTES: Readonly<Record<StoredFloat, number>> = { FLOAT32: 4, FLOAT16: 2 };
/** As TensorFlow's converter states them. */
const MINIMUM_RUNTIMES: Readonly<Record<StoredFloat, string>> = { FLOAT32: "1.11.0", FLOAT16: "1.15.0" };

export function floatArithmetic(
  { scaling, imageSizePixels }: Pick<ExportedNetwork, "scaling" | "imageSizePixels">,
  stored: StoredFloat,
): Arithmetic {
  const encode = (values: Float32Array<ArrayBuffer>): Uint8Array =>
    stored === "FLOAT32" ? bytesOf(values) : bytesOf(toFloat16(values));

  /** Weights in float16 are converted once, when a runtime loads the file. */
  const addStored = (
    graph: TfliteGraph,
    name: string,
    shape: readonly number[],
  ): { readonly tensor: TensorIndex; readonly content: StreamedBytes } => {
    const content = { kind: "streamed", sizeBytes: elementCount(shape) * ELEMENT_BYTES[stored] } as const;
    const kept = stored === "FLOAT32" ? name : `${name}_float16`;
    const tensor = graph.addWeights(kept, stored, shape, content);
    if (stored === "FLOAT32") return { tensor, content };
    const converted = graph.addComputedWeights(name, "FLOAT32", shape);
    return { tensor: graph.addOperator("DEQUANTIZE", [tensor], converted), content };
  };

  const addFloats = (graph: TfliteGraph, name: string, shape: readonly number[]): TensorIndex =>
    graph.addActivation(name, "FLOAT32", shape);

  return {
    kind: "float",
    minimumRuntimeVersion: MINIMUM_RUNTIMES[stored],
    addImages(graph) {
      const shape = [imageSizePixels, imageSizePixels, IMAGE_CHANNELS];
      const images = graph.addActivation("images", "UINT8", shape);
      let scaled = graph.addOperator("CAST", [images], addFloats(graph, "preprocessing/pixels", shape));
      if (scaling.factors.some((factor) => factor !== 1)) {
        const factors = addByChannel(graph, "preprocessing/factors", scaling.factors);
        const product = addFloats(graph, "preprocessing/scaled", shape);
        scaled = graph.addOperator("MUL", [scaled, factors], product, OPTIONS.multiply());
      }
      if (scaling.offsets.some((offset) => offset !== 0)) {
        const offsets = addByChannel(graph, "preprocessing/offsets", scaling.offsets);
        const sum = addFloats(graph, "preprocessing/shifted", shape);
        scaled = graph.addOperator("ADD", [scaled, offsets], sum, OPTIONS.add("linear"));
      }
      return { images, scaled };
    },
    addOutput: (graph, { name, outputShape }) => addFloats(graph, name, outputShape),
    addReshaped: addFloats,
    addWeights(graph, layer, shape) {
      const [outputs = 0] = shape;
      const kernel = addStored(graph, `${layer.name}/kernel`, shape);
      const bias = addStored(graph, `${layer.name}/bias`, [outputs]);
      return {
        kernel: kernel.tensor,
        bias: bias.tensor,
        streamed: {
          layer,
          kernel: kernel.content,
          bias: bias.content,
          store: (weights) => ({
            kernel: encoded(weights.kernel, outputs, encode),
            bias: encode(weights.bias),
          }),
        },
      };
    },
    addProbabilities(graph, logits) {
      const probabilities = graph.addActivation(
        "probabilities",
        "FLOAT32",
        graph.tensor(logits).shape.slice(1),
      );
      return graph.addOperator("SOFTMAX", [logits], probabilities, OPTIONS.softmax());
    },
  };
}

function* encoded(
  kernel: Float32Array<ArrayBuffer>,
  outputs: number,
  encode: (values: Float32Array<ArrayBuffer>) => Uint8Array,
): Generator<Uint8Array> {
  for (const piece of outputsFirst(kernel, outputs, (elements) => new Float32Array(elements))) {
    yield encode(piece);
  }
}

function addByChannel(graph: TfliteGraph, name: string, values: readonly number[]): TensorIndex {
  return graph.addConstant(name, "FLOAT32", [values.length], Float32Array.from(values));
}
