import type { FoldedConvolution } from "../../../graph/folding/folded-network.js";
import type { FeatureShape } from "../../../graph/layers/layer.js";

/** Elements of a kernel. */
export type KernelValues = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int8Array<ArrayBuffer>;

/** The order in which ONNX has the elements of a kernel. */
export interface KernelLayout {
  readonly shape: readonly number[];
  /** The axis of the outputs in that shape. */
  readonly outputAxis: number;
  /** The elements in pieces, from a kernel in the layout of TensorFlow. */
  arrange(values: KernelValues): Iterable<KernelValues>;
}

/** Elements of a piece of a large kernel. */
const PIECE_ELEMENTS = 256 * 1024;

/** [kernelSize, kernelSize, channels, filters] -> [filters, channels, kernelSize, kernelSize] */
export function convolutionLayout({ kernelSize, channels, filters }: FoldedConvolution): KernelLayout {
  return {
    shape: [filters, channels, kernelSize, kernelSize],
    outputAxis: 0,
    *arrange(values) {
      const positions = kernelSize * kernelSize;
      const arranged = values.slice();
      for (let position = 0, from = 0; position < positions; position++) {
        for (let channel = 0; channel < channels; channel++) {
          for (let filter = 0; filter < filters; filter++) {
            arranged[(filter * channels + channel) * positions + position] = values[from++] ?? 0;
          }
        }
      }
      yield arranged;
    },
  };
}

/**
 * [inputs, units]. The inputs that are flattened features come with the channel index slowest, as ONNX flattens them,
 * in place of fastest.
 *
 * @param flattened the shape [h, w, c] before flattening; null where the inputs are no flattened features
 */
export function denseLayout(inputs: number, units: number, flattened: FeatureShape | null): KernelLayout {
  const [height = 1, width = 1, channels = inputs] = flattened ?? [];
  const positions = height * width;
  const rowsOfPiece = Math.max(1, Math.floor(PIECE_ELEMENTS / units));
  return {
    shape: [inputs, units],
    outputAxis: 1,
    *arrange(values) {
      for (let first = 0; first < inputs; first += rowsOfPiece) {
        const rows = Math.min(rowsOfPiece, inputs - first);
        const piece = values.slice(0, rows * units);
        for (let row = 0; row < rows; row++) {
          const channel = Math.floor((first + row) / positions);
          const from = (((first + row) % positions) * channels + channel) * units;
          piece.set(values.subarray(from, from + units), row * units);
        }
        yield piece;
      }
    },
  };
}
