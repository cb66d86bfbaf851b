import type { ComputePrecision } from "../../core/enumerations.js";
import type { CustomOp } from "../custom-op.js";
import { GraphBuilder } from "../graph-builder.js";
import { specOf, type Tensor } from "../graph-node.js";
import { ForwardPass, type PassMode } from "../layers/forward-pass.js";
import {
  applyLayers,
  isFrozen,
  NETWORK_INPUT,
  type PlacedLayer,
  splitLayers,
} from "../layers/layer-graph.js";
import { placeholder } from "../ops/constants.js";
import { softmax } from "../ops/math.js";
import { firstRows, padRows, rowCount } from "../ops/rows.js";
import { completeGraph } from "../saved-model/complete-graph.js";
import type { SavedModelGraph, Signature, SignatureTable } from "../saved-model/signature.js";
import type { FloatType } from "../tensor-spec.js";
import { type Variable, Variables } from "../variables.js";
import { shapedLayersOf } from "./layer-table.js";
import { checkNetwork, type NetworkSpec } from "./network-spec.js";
import { IMAGE_CHANNELS, preprocess } from "./preprocessing.js";

/** The type that a network of each precision computes in. */
export const COMPUTE_TYPES: Readonly<Record<ComputePrecision, FloatType>> = {
  FLOAT32: "float32",
  MIXED_BFLOAT16: "bfloat16",
  MIXED_FLOAT16: "float16",
};

export interface NetworkOutputs {
  /** The output of the last layer: float32 [?, classes]. */
  readonly logits: Tensor;
  /** The output of every layer behind the frozen stages, by its name. */
  readonly activations: ReadonlyMap<string, Tensor>;
  readonly pass: ForwardPass;
}

export interface ForwardOptions {
  /** Pixels to compute with in place of the fed images: uint8 of their shape. */
  readonly pixels?: Tensor;
  /** The output of the frozen stages, in place of any pixels; see `features`. */
  readonly features?: Tensor;
  /** The first stages, which compute as in inference whatever the mode. Default: none. */
  readonly frozen?: FrozenStages;
}

export interface FrozenStages {
  readonly stages: number;
  /**
   * The size of the batches that they compute; smaller ones are filled up. TensorFlow adds up numbers in an order that
   * depends on the size of the batch, so features of a batch of one size have the same bytes wherever they are computed.
   */
  readonly batchSize: number;
}

const NOTHING_FROZEN: FrozenStages = { stages: 0, batchSize: 1 };

/** A graph that holds a network's variables, to which passes and signatures are added. */
export class NetworkGraph {
  readonly graph: GraphBuilder;
  readonly variables: Variables;
  /** uint8 [?, size, size, 3], fed with every run. */
  readonly images: Tensor;
  readonly #layers: readonly PlacedLayer[];
  /** The stage of every variable of the network; null: the head. */
  readonly #stages = new Map<string, number | null>();

  /**
   * @param customOps the custom ops that the engine which runs the graph has
   * @param eigenKernelGradients convolutions whose kernel gradients Eigen computes
   * @throws AppError `NETWORK_INVALID`
   */
  constructor(
    readonly network: NetworkSpec,
    customOps: readonly CustomOp[] = [],
    eigenKernelGradients: readonly string[] = [],
  ) {
    const { imageSizePixels: size } = network;
    checkNetwork(network);
    this.graph = new GraphBuilder(new Set(customOps), new Set(eigenKernelGradients));
    const layers = shapedLayersOf(network);
    this.#layers = layers;
    this.variables = new Variables(this.graph, network.seed);
    for (const { stage, variables } of layers) {
      for (const variable of variables) {
        this.variables.create(variable);
        this.#stages.set(variable.name, stage);
      }
    }
    this.images = placeholder(this.graph, "images", "uint8", [null, size, size, IMAGE_CHANNELS]);
  }

  get computeType(): FloatType {
    return COMPUTE_TYPES[this.network.precision];
  }

  /** Adds a pass through all layers, or through those behind the frozen stages where their features are given. */
  forward(
    mode: PassMode,
    { pixels = this.images, features, frozen = NOTHING_FROZEN }: ForwardOptions = {},
  ): NetworkOutputs {
    const { graph } = this;
    const pass = new ForwardPass(graph, this.variables, mode, this.computeType);
    const { learning, boundary } = splitLayers(this.#layers, frozen.stages);
    const input = features ?? this.features(frozen, pixels);
    const activations = applyLayers(learning, new Map([[boundary, input]]), pass);
    return { logits: [...activations.values()].at(-1) ?? input, activations, pass };
  }

  /**
   * The output of the first stages for pixels, uint8 of the fed images' shape: [?, h, w, c] in the type that the network
   * computes in. The stages compute as in inference: normalization uses moving statistics.
   */
  features({ stages, batchSize }: FrozenStages, pixels: Tensor = this.images): Tensor {
    const { graph, network, computeType } = this;
    const count = stages === 0 ? null : graph.scope("batch", () => rowCount(graph, pixels));
    const filled =
      count === null ? pixels : graph.scope("batch", () => padRows(graph, pixels, count, batchSize));
    const input = graph.scope("preprocessing", () =>
      preprocess(graph, filled, network.preprocessing, computeType),
    );
    if (count === null) return input;
    const pass = new ForwardPass(graph, this.variables, { kind: "inference" }, computeType);
    const { frozen, boundary } = splitLayers(this.#layers, stages);
    const outputs = applyLayers(frozen, new Map([[NETWORK_INPUT, input]]), pass);
    return graph.scope("batch", () => firstRows(graph, outputs.get(boundary) ?? input, count, null));
  }

  /** The variables that gradients change. */
  learning(frozenStages: number): readonly Variable[] {
    return this.variables.trainable.filter(
      ({ name }) => !isFrozen(this.#stages.get(name) ?? null, frozenStages),
    );
  }

  /** images -> probabilities and logits, float32 [?, classes]. */
  predictSignature(logits: Tensor): Signature {
    const probabilities = softmax(this.graph, logits);
    return {
      inputs: { images: specOf(this.images) },
      outputs: { probabilities: specOf(probabilities), logits: specOf(logits) },
    };
  }

  /** Adds `init`, `save` and `restore` of all variables and encodes the graph: see `completeGraph`. */
  finish(signatures: SignatureTable, published?: readonly string[]): SavedModelGraph {
    return completeGraph(this.graph, signatures, this.variables.all, published);
  }
}
