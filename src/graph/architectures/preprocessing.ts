import type { Preprocessing } from "../../core/enumerations.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { float32, float32Vector } from "../ops/constants.js";
import { reverseAxis } from "../ops/image.js";
import { add, multiply } from "../ops/math.js";
import type { FloatType } from "../tensor-spec.js";

/** The channels of an image: red, green and blue. */
export const IMAGE_CHANNELS = 3;

/** (pixel / unit - mean) / deviation, by channel in the order of `channels`. */
interface Scaling {
  readonly channels: "RGB" | "BGR";
  readonly unit: number;
  readonly means: readonly [number, number, number];
  readonly deviations: readonly [number, number, number];
}

/** As `keras.applications.imagenet_utils.preprocess_input`, whose modes are tf, caffe and torch. */
const SCALINGS: Readonly<Record<Preprocessing, Scaling>> = {
  SCALE_0_1: { channels: "RGB", unit: 255, means: [0, 0, 0], deviations: [1, 1, 1] },
  SCALE_MINUS_1_1: { channels: "RGB", unit: 127.5, means: [1, 1, 1], deviations: [1, 1, 1] },
  IMAGENET_CAFFE: {
    channels: "BGR",
    unit: 1,
    means: [103.939, 116.779, 123.68],
    deviations: [1, 1, 1],
  },
  IMAGENET_TORCH: {
    channels: "RGB",
    unit: 255,
    means: [0.485, 0.456, 0.406],
    deviations: [0.229, 0.224, 0.225],
  },
};

/** The scaling of an image's channels, in the order in which the first layer reads them: pixel * factor + offset. */
export interface ChannelScaling {
  /** Whether the first layer reads blue first. */
  readonly reversesChannels: boolean;
  readonly factors: readonly number[];
  readonly offsets: readonly number[];
}

export function channelScalingOf(preprocessing: Preprocessing): ChannelScaling {
  const { channels, unit, means, deviations } = SCALINGS[preprocessing];
  return {
    reversesChannels: channels === "BGR",
    factors: deviations.map((deviation) => 1 / (unit * deviation)),
    offsets: means.map((mean, channel) => -mean / (deviations[channel] ?? 1)),
  };
}

/**
 * Scales pixels for the first layer, in the same way in training, evaluation, serving and exports.
 *
 * @param images uint8 [n, size, size, 3], red first
 * @returns the same shape in the type that the network computes in
 */
export function preprocess(
  graph: GraphBuilder,
  images: Tensor,
  preprocessing: Preprocessing,
  computeType: FloatType,
): Tensor {
  const scaling = channelScalingOf(preprocessing);
  const ordered = scaling.reversesChannels ? reverseAxis(graph, images, 3) : images;
  return cast(graph, scaleChannels(graph, cast(graph, ordered, "float32"), scaling), computeType);
}

/** Multiplies and shifts the channels of float32 pixels [n, h, w, 3], which are in the order of the factors. */
export function scaleChannels(
  graph: GraphBuilder,
  pixels: Tensor,
  { factors, offsets }: Pick<ChannelScaling, "factors" | "offsets">,
): Tensor {
  const isFactor = factors.some((factor) => factor !== 1);
  const scaled = isFactor ? multiply(graph, pixels, byChannel(graph, factors)) : pixels;
  const isOffset = offsets.some((offset) => offset !== 0);
  return isOffset ? add(graph, scaled, byChannel(graph, offsets)) : scaled;
}

/** A scalar where all channels have the same value, because TensorFlow broadcasts it faster. */
function byChannel(graph: GraphBuilder, values: readonly number[]): Tensor {
  const [first = 0, ...others] = values;
  return others.every((value) => value === first) ? float32(graph, first) : float32Vector(graph, values);
}
