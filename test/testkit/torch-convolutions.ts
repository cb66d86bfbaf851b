import type { Architecture } from "../../src/core/enumerations.js";
import { shapedLayersOf } from "../../src/graph/architectures/layer-table.js";
import { seededRandom } from "./random.js";

/**
 * Creates a safetensors file with the convolutions of an architecture in torchvision's names and order, in full width
 * and without a head. The values are random, with outputs about as large as the inputs.
 */
export function drawTorchConvolutions(architecture: Architecture, seed = 0): Buffer {
  const random = seededRandom(seed);
  const header: Record<string, { dtype: "F32"; shape: number[]; data_offsets: [number, number] }> = {};
  const tensors: Float32Array[] = [];
  let bytes = 0;
  const add = (name: string, shape: number[], limit: number): void => {
    const values = Float32Array.from({ length: shape.reduce((product, size) => product * size) }, () =>
      Math.fround((2 * random() - 1) * limit),
    );
    header[name] = { dtype: "F32", shape, data_offsets: [bytes, bytes + values.byteLength] };
    tensors.push(values);
    bytes += values.byteLength;
  };

  const layers = shapedLayersOf({
    architecture,
    batchNormalization: false,
    widthMultiplier: 1,
    imageSizePixels: 32,
    head: { kind: "GLOBAL_AVERAGE_POOLING", units: 0, dropout: 0 },
    classCount: 1,
  });
  for (const { layer, inputShape, torchNames } of layers) {
    if (layer.kind !== "Conv2D") continue;
    const { width, kernelSize } = layer;
    const [, , channels = 0] = inputShape;
    const limit = Math.sqrt(6 / (kernelSize ** 2 * channels));
    add(`${torchNames[0]}.weight`, [width, channels, kernelSize, kernelSize], limit);
    add(`${torchNames[0]}.bias`, [width], 0.01);
  }

  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(({ buffer }) => Buffer.from(buffer))]);
}
