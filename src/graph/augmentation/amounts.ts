import type { Augmentation } from "../../core/runs/configuration.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { gatherRows, unpackColumns } from "../ops/columns.js";
import { less } from "../ops/comparison.js";
import { constant, float32 } from "../ops/constants.js";
import { add, multiply } from "../ops/math.js";
import { drawForSamples, type SampleDraw } from "./sample-randomness.js";

/** The changes of each image of a batch: tensors [n]. A change that is absent is made to no image. */
export interface Amounts extends Placement, Tone {}

/** The amounts that move pixels. */
export interface Placement {
  /** bool: whether it is mirrored left to right. */
  readonly mirroredX?: Tensor;
  /** bool: whether it is mirrored top to bottom. */
  readonly mirroredY?: Tensor;
  readonly rotation?: Rotation;
  /** The side of the visible part as a fraction of the side of the image. */
  readonly window?: Tensor;
  /** Pixels to the right. */
  readonly shiftX?: Tensor;
  /** Pixels down. */
  readonly shiftY?: Tensor;
}

/** The amounts that change the values of pixels. */
export interface Tone {
  /** The gray levels that are added, of 255. */
  readonly brightness?: Tensor;
  /** The factor of the distance from the mean. */
  readonly contrast?: Tensor;
}

/** Cosine and sine of the angle, counter-clockwise: float32 [n]. */
export interface Rotation {
  readonly cosine: Tensor;
  readonly sine: Tensor;
}

type Setting = Exclude<keyof Augmentation, "fillMode">;

/** Each setting draws from a separate stream, so that turning one on does not change the numbers of the others. */
const STREAMS: Readonly<Record<Setting, number>> = {
  horizontalFlip: 0,
  verticalFlip: 1,
  rotationDegrees: 2,
  widthShift: 3,
  heightShift: 4,
  zoom: 5,
  brightness: 6,
  contrast: 7,
};
const SETTINGS = Object.keys(STREAMS) as Setting[];

/** The number of different angles. For half a turn in both directions a step is a twelfth of a degree. */
const ANGLES = 4096;
const WHITE = 255;

/** The settings that change images. */
export function settingsInUse(augmentation: Augmentation): readonly Setting[] {
  return SETTINGS.filter((setting) => augmentation[setting] !== false && augmentation[setting] !== 0);
}

/** Draws the changes of each image. */
export function drawAmounts(
  graph: GraphBuilder,
  draw: SampleDraw,
  augmentation: Augmentation,
  sizePixels: number,
): Amounts {
  const inUse = settingsInUse(augmentation);
  const draws = drawForSamples(
    graph,
    draw,
    inUse.map((setting) => STREAMS[setting]),
  );
  const asked = <T>(setting: Setting, amountOf: (drawn: Tensor) => T): T | undefined => {
    const drawn = draws[inUse.indexOf(setting)];
    return drawn === undefined ? undefined : amountOf(drawn);
  };
  const half = (drawn: Tensor): Tensor => less(graph, drawn, float32(graph, 0.5));
  const around = (middle: number, most: number) => (drawn: Tensor) =>
    add(graph, multiply(graph, drawn, float32(graph, 2 * most)), float32(graph, middle - most));

  const { rotationDegrees, widthShift, heightShift, zoom, brightness, contrast } = augmentation;
  return graph.scope("amounts", () =>
    present({
      mirroredX: asked("horizontalFlip", half),
      mirroredY: asked("verticalFlip", half),
      rotation: asked("rotationDegrees", (drawn) => rotationBy(graph, drawn, rotationDegrees)),
      window: asked("zoom", around(1, zoom)),
      shiftX: asked("widthShift", around(0, widthShift * sizePixels)),
      shiftY: asked("heightShift", around(0, heightShift * sizePixels)),
      brightness: asked("brightness", around(0, brightness * WHITE)),
      contrast: asked("contrast", around(1, contrast)),
    }),
  );
}

/**
 * Cosines and sines come from a table: the last digit of those that TensorFlow computes depends on the place of a sample
 * in its batch, which would change a pixel now and then.
 */
function rotationBy(graph: GraphBuilder, drawn: Tensor, mostDegrees: number): Rotation {
  const angles = Array.from({ length: ANGLES }, (_, index) => {
    const degrees = mostDegrees * ((2 * (index + 0.5)) / ANGLES - 1);
    return (degrees * Math.PI) / 180;
  });
  const rows = Float32Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));
  const table = constant(graph, "rotations", {
    dtype: "float32",
    shape: [ANGLES, 2],
    content: new Uint8Array(rows.buffer),
  });
  const index = cast(graph, multiply(graph, drawn, float32(graph, ANGLES)), "int32");
  const [cosine, sine] = unpackColumns(graph, gatherRows(graph, table, index)) as [Tensor, Tensor];
  return { cosine, sine };
}

/** Removes the fields that are undefined. */
function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
