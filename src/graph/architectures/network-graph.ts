import type { ComputePrecision } from "../../core/enumerations.js";
import type { CustomOp } from "../custom-op.js";
import { GraphBuilder } from "../graph-builder.js";
import { specOf, type Tensor } from "../graph-node.js";
import { ForwardPass, type PassMode } from "../layers/forward-pass.js";
import type { Layer } from "../layers/layer.js";
import { applyInSequence } from "../layers/sequence.js";
import { placeholder } from "../ops/constants.js";
import { softmax } from "../ops/math.js";
import { completeGraph } from "../saved-model/complete-graph.js";
import type { SavedModelGraph, Signature, SignatureTable } from "../saved-model/signature.js";
import type { FloatType } from "../tensor-spec.js";
import { type Variable, Variables } from "../variables.js";
import { networkVariables } from "./layer-table.js";
import { checkNetwork, type NetworkSpec } from "./network-spec.js";
import { preprocess } from "./preprocessing.js";
import { IMAGE_CHANNELS, isFrozen, splitFrozen, vggLayers } from "./vgg.js";

/** What a network of each precision computes in. */
export const COMPUTE_TYPES: Readonly<Record<ComputePrecision, FloatType>> = {
  FLOAT32: "float32",
  MIXED_BFLOAT16: "bfloat16",
  MIXED_FLOAT16: "float16",
};

export interface NetworkOutputs {
  /** What the last layer gives: float32 [?, classes]. */
  readonly logits: Tensor;
  /** What every layer behind the frozen blocks gives, by its name. */
  readonly activations: ReadonlyMap<string, Tensor>;
  readonly pass: ForwardPass;
}

export interface ForwardOptions {
  /** Pixels to compute with in place of the fed images: uint8 of their shape. */
  readonly pixels?: Tensor;
  /** What the frozen blocks give, in place of any pixels; see `features`. */
  readonly features?: Tensor;
  /** Blocks that are run as in inference, whatever the mode. Default 0. */
  readonly frozenBlocks?: number;
}

/** A graph that holds a network's variables, to which passes and signatures are added. */
export class NetworkGraph {
  readonly graph: GraphBuilder;
  readonly variables: Variables;
  /** uint8 [?, size, size, 3], fed with every run. */
  readonly images: Tensor;
  readonly #layers: readonly Layer[];

  /**
   * @param customOps what the engine that runs the graph has beside TensorFlow's own operations
   * @throws AppError `NETWORK_INVALID`
   */
  constructor(
    readonly network: NetworkSpec,
    customOps: readonly CustomOp[] = [],
  ) {
    const { imageSizePixels: size } = network;
    checkNetwork(network);
    this.graph = new GraphBuilder(new Set(customOps));
    this.#layers = vggLayers(network);
    this.variables = new Variables(this.graph, network.seed);
    for (const variable of networkVariables(network)) this.variables.create(variable);
    this.images = placeholder(this.graph, "images", "uint8", [null, size, size, IMAGE_CHANNELS]);
  }

  get computeType(): FloatType {
    return COMPUTE_TYPES[this.network.precision];
  }

  /** Adds a walk through all layers, or through those behind the frozen blocks when their features are given. */
  forward(
    mode: PassMode,
    { pixels = this.images, features, frozenBlocks = 0 }: ForwardOptions = {},
  ): NetworkOutputs {
    const { graph } = this;
    const pass = new ForwardPass(graph, this.variables, mode, this.computeType);
    const { learning } = splitFrozen(this.#layers, frozenBlocks);
    const input = features ?? this.features(frozenBlocks, pixels);
    const activations = applyInSequence(learning, input, pass);
    return { logits: [...activations.values()].at(-1) ?? input, activations, pass };
  }

  /**
   * What the first blocks make of pixels, uint8 of the fed images' shape: [?, h, w, c] in the type that the network
   * computes in. They compute as in inference: their normalisation uses its moving statistics.
   */
  features(frozenBlocks: number, pixels: Tensor = this.images): Tensor {
    const { graph, network, computeType } = this;
    const input = graph.scope("preprocessing", () =>
      preprocess(graph, pixels, network.preprocessing, computeType),
    );
    const pass = new ForwardPass(graph, this.variables, { kind: "inference" }, computeType);
    const activations = applyInSequence(splitFrozen(this.#layers, frozenBlocks).frozen, input, pass);
    return [...activations.values()].at(-1) ?? input;
  }

  /** The variables that gradients change. */
  learning(frozenBlocks: number): readonly Variable[] {
    return this.variables.trainable.filter(({ name }) => !isFrozen(name, frozenBlocks));
  }

  /** images -> probabilities and logits, float32 [?, classes]. */
  predictSignature(logits: Tensor): Signature {
    const probabilities = softmax(this.graph, logits);
    return {
      inputs: { images: specOf(this.images) },
      outputs: { probabilities: specOf(probabilities), logits: specOf(logits) },
    };
  }

  /** Adds `init`, `save` and `restore` of all variables and encodes the whole. */
  finish(signatures: SignatureTable): SavedModelGraph {
    return completeGraph(this.graph, signatures, this.variables.all);
  }
}
