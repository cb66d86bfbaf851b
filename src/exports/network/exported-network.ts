import { AppError } from "../../core/app-error.js";
import type { CheckpointReader } from "../../engine/checkpoints/checkpoint-reader.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import { channelScalingOf } from "../../graph/architectures/preprocessing.js";
import {
  type FoldedConvolution,
  type FoldedDense,
  type FoldedLayer,
  foldNetwork,
  type ImageScaling,
  imageScalingOf,
} from "../../graph/folding/folded-network.js";
import {
  type FoldedWeights,
  foldNormalization,
  reverseInputChannels,
} from "../../graph/folding/folded-weights.js";
import { NETWORK_INPUT } from "../../graph/layers/layer-graph.js";
import type { ActivationRanges } from "./activation-ranges.js";

/** The facts that a file carries about its origin. They depend on the model version alone, and so do the file's bytes. */
export interface ExportIdentity {
  readonly product: string;
  /** "flowers:3" */
  readonly modelVersion: string;
  readonly modelVersionId: string;
  readonly description: string;
  readonly runId: string;
  /** Epoch of the run at whose end the weights were saved. */
  readonly epoch: number;
  /** "flowers:2" */
  readonly dataset: string;
  readonly datasetHash: string | null;
  readonly registeredAt: Date;
}

/** A layer that has weights. */
export type WeightedLayer = FoldedLayer<FoldedConvolution | FoldedDense>;

export function isWeighted(layer: FoldedLayer): layer is WeightedLayer {
  return layer.operation.kind === "Conv2D" || layer.operation.kind === "Dense";
}

/**
 * A network to be exported: folded layers from images uint8 [n, size, size, 3], red first, to logits, which a softmax
 * turns into probabilities. Weights are read when they are asked for, one layer at a time.
 */
export class ExportedNetwork {
  readonly layers: readonly FoldedLayer[];
  readonly scaling: ImageScaling;
  readonly imageSizePixels: number;

  constructor(
    readonly spec: NetworkSpec,
    /** In the order of the logits. */
    readonly classNames: readonly string[],
    readonly identity: ExportIdentity,
    /** Ranges of the outputs of the layers, measured on calibration images; null unless the precision is INT8. */
    readonly ranges: ActivationRanges | null,
    private readonly variables: Pick<CheckpointReader, "read">,
  ) {
    this.layers = foldNetwork(spec);
    this.scaling = imageScalingOf(spec.preprocessing);
    this.imageSizePixels = spec.imageSizePixels;
  }

  /**
   * The weights of a layer, with the normalization in them and, in the first convolution, with its channels in the order
   * of the image.
   *
   * @throws AppError `WEIGHTS_NOT_FINITE`
   */
  async weightsOf({ name, inputs, operation }: WeightedLayer): Promise<FoldedWeights> {
    const weights = await this.#folded(operation);
    for (const [role, values] of [["kernel", weights.kernel] as const, ["bias", weights.bias] as const]) {
      const wrong = firstNotFinite(values);
      if (wrong === null) continue;
      throw new AppError(
        "WEIGHTS_NOT_FINITE",
        `The ${role} of the layer "${name}" must hold finite numbers. Received ${values[wrong]} at element ${wrong}. ` +
          "The run has diverged: register another run.",
      );
    }
    if (
      !channelScalingOf(this.spec.preprocessing).reversesChannels ||
      operation.kind !== "Conv2D" ||
      inputs[0] !== NETWORK_INPUT
    )
      return weights;
    return { ...weights, kernel: reverseInputChannels(weights.kernel, operation) };
  }

  async #folded(operation: FoldedConvolution | FoldedDense): Promise<FoldedWeights> {
    const kernel = await this.variables.read(operation.kernel);
    if (operation.kind === "Dense") return { kernel, bias: await this.variables.read(operation.bias) };
    const { bias, normalization, filters } = operation;
    const weights = {
      kernel,
      bias: bias === null ? new Float32Array(filters) : await this.variables.read(bias),
    };
    if (normalization === null) return weights;
    const [gamma, beta] = [
      await this.variables.read(normalization.gamma),
      await this.variables.read(normalization.beta),
    ];
    const movingMean = await this.variables.read(normalization.movingMean);
    const movingVariance = await this.variables.read(normalization.movingVariance);
    const { epsilon } = normalization;
    return foldNormalization(weights, { gamma, beta, movingMean, movingVariance, epsilon });
  }
}

/** A position. A loop takes a fraction of the time of `findIndex` for a hundred million elements. */
function firstNotFinite(values: Float32Array): number | null {
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) return index;
  }
  return null;
}
