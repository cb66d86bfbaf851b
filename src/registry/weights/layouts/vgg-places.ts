import type { Architecture } from "../../../core/enumerations.js";
import { VGG_BLOCKS } from "../../../graph/architectures/vgg.js";

/** Names of a convolution and of the normalisation after it in our networks. */
export interface ConvolutionPlace {
  readonly convolution: string;
  readonly normalization: string;
  /** Which block it is in, from 1. */
  readonly block: number;
}

/** The convolutions of an architecture, in order. */
export function convolutionPlaces(architecture: Architecture): readonly ConvolutionPlace[] {
  return VGG_BLOCKS[architecture].flatMap(({ convolutions }, index) =>
    Array.from({ length: convolutions }, (_, position) => ({
      convolution: `block${index + 1}_conv${position + 1}`,
      normalization: `block${index + 1}_bn${position + 1}`,
      block: index + 1,
    })),
  );
}

/** Of the head, in order. */
export const DENSE_LAYERS = ["fc1", "fc2", "predictions"] as const;
