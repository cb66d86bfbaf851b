import { AppError } from "../../../core/app-error.js";
import { augmentImages, augments } from "../../augmentation/augment-images.js";
import { specOf, type Tensor } from "../../graph-node.js";
import { cast } from "../../ops/array.js";
import { placeholder } from "../../ops/constants.js";
import type { Signature } from "../../saved-model/signature.js";
import type { TensorSpec } from "../../tensor-spec.js";
import type { ForwardOptions, NetworkGraph } from "../network-graph.js";
import type { TrainingSpec } from "../network-spec.js";
import { FeatureCode } from "./feature-code.js";

/** The inputs of a pass beside labels, and the options by which the network reads them. */
interface PassInputs {
  readonly fed: Readonly<Record<string, TensorSpec>>;
  readonly options: ForwardOptions;
}

/** The inputs that the signatures of a training graph share. */
export interface StepInputs {
  /** int32 [?]. */
  readonly labels: Tensor;
  readonly train: PassInputs;
  readonly evaluate: PassInputs;
  /** `features` and `augment`, if the training has them. */
  readonly signatures: Readonly<Record<string, Signature>>;
}

/**
 * Adds the placeholders of the training's inputs.
 *
 * @throws AppError `TRAINING_INVALID` for cached features of images that change in every epoch
 */
export function addStepInputs(model: NetworkGraph, training: TrainingSpec): StepInputs {
  const { graph, images, network } = model;
  const { augmentation, frozenStages, cachedFeatures, microBatchSize } = training;
  const frozen = { stages: frozenStages, batchSize: microBatchSize };
  const labels = placeholder(graph, "labels", "int32", [null]);
  const plain = { fed: { images: specOf(images) }, options: { frozen } };

  if (cachedFeatures) {
    if (frozenStages === 0 || augments(augmentation)) {
      throw new AppError(
        "TRAINING_INVALID",
        "Features can be cached of frozen stages and images that stay the same. Received " +
          `${frozenStages} frozen stages and ${augments(augmentation) ? "an" : "no"} augmentation.`,
      );
    }
    const computed = graph.scope("features", () => model.features(frozen));
    const code = new FeatureCode(computed);
    const fed = placeholder(graph, "features", "int32", [null, code.words]);
    const features = graph.scope("features", () => code.decode(graph, fed));
    const passed = { fed: { features: specOf(fed) }, options: { frozen, features } };
    const encoded = graph.scope("features", () => code.encode(graph, computed));
    const signature = { inputs: plain.fed, outputs: { features: specOf(encoded) } };
    return { labels, train: passed, evaluate: passed, signatures: { features: signature } };
  }

  if (!augments(augmentation)) return { labels, train: plain, evaluate: plain, signatures: {} };
  const samples = placeholder(graph, "samples", "int32", [null]);
  const epoch = placeholder(graph, "epoch", "int32", []);
  const pixels = graph.scope("augmentation", () =>
    augmentImages(graph, images, { samples, epoch, seed: network.seed }, augmentation),
  );
  const fed = { images: specOf(images), samples: specOf(samples), epoch: specOf(epoch) };
  const seen = graph.scope("augment", () => cast(graph, pixels, "int32"));
  return {
    labels,
    train: { fed, options: { frozen, pixels } },
    evaluate: plain,
    signatures: { augment: { inputs: fed, outputs: { pixels: specOf(seen) } } },
  };
}
