import { z } from "zod";
import { Preprocessing } from "./enumerations.js";

const TENSOR = z
  .object({
    /** Name of the input or output of the signature. */
    name: z.string(),
    dtype: z.enum(["uint8", "float32"]),
    /** Sizes by axis; null for the batch axis, which may have any size. */
    shape: z.array(z.int().nullable()).readonly(),
  })
  .readonly();

/**
 * How a program feeds a model version's network, and what the network returns. It is frozen when the version is
 * registered, and is a part of the export's `espalier.json`.
 */
export const INPUT_CONTRACT = z
  .object({
    /** The signature of the SavedModel. */
    signature: z.string(),
    /** [batch, height, width, channel] */
    input: TENSOR,
    imageSizePixels: z.int(),
    /** Order of the channels of an image that is fed. */
    channelOrder: z.enum(["RGB"]),
    /** Lowest and highest value of a channel of an image that is fed. */
    valueRange: z.tuple([z.number(), z.number()]).readonly(),
    /** How the graph itself scales the values, so that a program must not. */
    preprocessing: z.enum(Preprocessing),
    /** How an image file becomes the pixels that are fed. */
    decoding: z
      .object({
        /** The orientation in the EXIF data is applied. */
        appliesOrientation: z.boolean(),
        colorSpace: z.enum(["sRGB"]),
        /** The color behind transparent pixels. */
        background: z.string(),
        /** STRETCH: width and height are resized to the image size, whatever their ratio. */
        resize: z.enum(["STRETCH"]),
        /** The kernel that resizes; it is widened when an image is made smaller, so that nothing aliases. */
        filter: z.enum(["LANCZOS3"]),
      })
      .readonly(),
    /** Probabilities add up to 1; both outputs are in class order. */
    outputs: z.object({ probabilities: TENSOR, logits: TENSOR }).readonly(),
  })
  .readonly();
export type InputContract = z.infer<typeof INPUT_CONTRACT>;

/** The contract of every network that this version of the program exports. */
export function inputContractOf(network: {
  readonly imageSizePixels: number;
  readonly preprocessing: Preprocessing;
  readonly classCount: number;
}): InputContract {
  const { imageSizePixels, preprocessing, classCount } = network;
  return {
    signature: "serving_default",
    input: { name: "images", dtype: "uint8", shape: [null, imageSizePixels, imageSizePixels, 3] },
    imageSizePixels,
    channelOrder: "RGB",
    valueRange: [0, 255],
    preprocessing,
    decoding: {
      appliesOrientation: true,
      colorSpace: "sRGB",
      background: "#ffffff",
      resize: "STRETCH",
      filter: "LANCZOS3",
    },
    outputs: {
      probabilities: { name: "probabilities", dtype: "float32", shape: [null, classCount] },
      logits: { name: "logits", dtype: "float32", shape: [null, classCount] },
    },
  };
}
