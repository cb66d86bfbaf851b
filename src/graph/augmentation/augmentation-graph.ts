import type { Augmentation } from "../../core/runs/configuration.js";
import { IMAGE_CHANNELS } from "../architectures/preprocessing.js";
import { GraphBuilder } from "../graph-builder.js";
import { specOf } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { placeholder } from "../ops/constants.js";
import { completeGraph } from "../saved-model/complete-graph.js";
import type { SavedModelGraph } from "../saved-model/signature.js";
import { augmentImages } from "./augment-images.js";

/**
 * Builds a graph that augments images as training does, without a network. Its signature is `augment`: images uint8
 * [?, size, size, 3], samples int32 [?], epoch int32 [] -> pixels int32 [?, size, size, 3].
 */
export function buildAugmentationGraph(
  imageSizePixels: number,
  augmentation: Augmentation,
  seed: number,
): SavedModelGraph {
  const graph = new GraphBuilder();
  const shape = [null, imageSizePixels, imageSizePixels, IMAGE_CHANNELS];
  const images = placeholder(graph, "images", "uint8", shape);
  const samples = placeholder(graph, "samples", "int32", [null]);
  const epoch = placeholder(graph, "epoch", "int32", []);
  const augmented = augmentImages(graph, images, { samples, epoch, seed }, augmentation);
  // The native library cannot return bytes.
  const pixels = cast(graph, augmented, "int32");
  const signatures = {
    augment: {
      inputs: { images: specOf(images), samples: specOf(samples), epoch: specOf(epoch) },
      outputs: { pixels: specOf(pixels) },
    },
  };
  return completeGraph(graph, signatures);
}
