import type { ComputePrecision } from "../../core/enumerations.js";
import { GraphBuilder } from "../graph-builder.js";
import { specOf, type Tensor } from "../graph-node.js";
import { ForwardPass, type PassMode } from "../layers/forward-pass.js";
import type { Layer } from "../layers/layer.js";
import { applyInSequence } from "../layers/sequence.js";
import { placeholder } from "../ops/constants.js";
import { softmax } from "../ops/math.js";
import { addPersistence } from "../saved-model/persistence.js";
import { encodeSavedModel } from "../saved-model/saved-model.js";
import type { SavedModelGraph, Signature, SignatureTable } from "../saved-model/signature.js";
import type { FloatType } from "../tensor-spec.js";
import { Variables } from "../variables.js";
import { networkVariables } from "./layer-table.js";
import { checkNetwork, type NetworkSpec } from "./network-spec.js";
import { preprocess } from "./preprocessing.js";
import { IMAGE_CHANNELS, vggLayers } from "./vgg.js";

const COMPUTE_TYPES: Readonly<Record<ComputePrecision, FloatType>> = {
  FLOAT32: "float32",
  MIXED_BFLOAT16: "bfloat16",
  MIXED_FLOAT16: "float16",
};

export interface NetworkOutputs {
  /** What the last layer gives: float32 [?, classes]. */
  readonly logits: Tensor;
  /** What every layer gives, by its name. */
  readonly activations: ReadonlyMap<string, Tensor>;
  readonly pass: ForwardPass;
}

/** A graph that holds a network's variables, to which passes and signatures are added. */
export class NetworkGraph {
  readonly graph = new GraphBuilder();
  readonly variables: Variables;
  /** uint8 [?, size, size, 3], fed with every run. */
  readonly images: Tensor;
  readonly #layers: readonly Layer[];

  /** @throws AppError `NETWORK_INVALID` */
  constructor(readonly network: NetworkSpec) {
    const { imageSizePixels: size } = network;
    checkNetwork(network);
    this.#layers = vggLayers(network);
    this.variables = new Variables(this.graph, network.seed);
    for (const variable of networkVariables(network)) this.variables.create(variable);
    this.images = placeholder(this.graph, "images", "uint8", [null, size, size, IMAGE_CHANNELS]);
  }

  /** Adds a walk through all layers. */
  forward(mode: PassMode): NetworkOutputs {
    const { graph, network } = this;
    const pass = new ForwardPass(graph, this.variables, mode, COMPUTE_TYPES[network.precision]);
    const input = graph.scope("preprocessing", () =>
      preprocess(graph, this.images, network.preprocessing, pass.computeType),
    );
    const activations = applyInSequence(this.#layers, input, pass);
    return { logits: [...activations.values()].at(-1) ?? input, activations, pass };
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
    const { all } = this.variables;
    const persistence = addPersistence(this.graph, all);
    const table = { ...signatures, ...persistence.signatures };
    return {
      bytes: encodeSavedModel({
        nodes: this.graph.nodes,
        signatures: table,
        saver: persistence.saver,
        variables: all,
      }),
      signatures: table,
      variables: all.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    };
  }
}
