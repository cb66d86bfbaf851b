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
import { addTeacher, orderLogits } from "./teacher.js";

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
  /** Logits of the teacher for the images of training, in the network's order of classes: float32 [?, classes]. */
  readonly teacherLogits: Tensor | null;
  /** `features`, `augment` and `teacher`, if the training has them. */
  readonly signatures: Readonly<Record<string, Signature>>;
}

/**
 * Adds the placeholders of the training's inputs, and the teacher, if there is one.
 *
 * @throws AppError `TRAINING_INVALID` for cached features, or cached logits, of images that change in every epoch
 */
export function addStepInputs(model: NetworkGraph, training: TrainingSpec): StepInputs {
  const inputs = addImageInputs(model, training);
  const { teacher, augmentation } = training;
  if (teacher === null) return { ...inputs, teacherLogits: null };
  if (!teacher.cachedLogits) {
    const pixels = inputs.train.options.pixels ?? model.images;
    if (inputs.train.options.features !== undefined) {
      throw new AppError("TRAINING_INVALID", "A teacher needs images. Received cached features alone.");
    }
    const { logits, signature } = addTeacher(model, teacher, pixels);
    const signatures = { ...inputs.signatures, teacher: signature };
    return { ...inputs, signatures, teacherLogits: orderLogits(model, teacher, logits) };
  }
  if (augments(augmentation)) {
    throw new AppError(
      "TRAINING_INVALID",
      "A teacher's logits can be cached of images that stay the same. Received an augmentation.",
    );
  }
  const fed = placeholder(model.graph, "teacher_logits", "float32", [null, teacher.network.classCount]);
  const train = { ...inputs.train, fed: { ...inputs.train.fed, teacher_logits: specOf(fed) } };
  return { ...inputs, train, teacherLogits: orderLogits(model, teacher, fed) };
}

function addImageInputs(model: NetworkGraph, training: TrainingSpec): Omit<StepInputs, "teacherLogits"> {
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
