import type { Architecture } from "../../src/core/enumerations.js";
import { VGG_BLOCKS } from "../../src/graph/architectures/vgg.js";
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

  let index = 0;
  let channels = 3;
  for (const { convolutions, filters } of VGG_BLOCKS[architecture]) {
    for (let convolution = 0; convolution < convolutions; convolution++) {
      add(`features.${index}.weight`, [filters, channels, 3, 3], Math.sqrt(6 / (9 * channels)));
      add(`features.${index}.bias`, [filters], 0.01);
      channels = filters;
      index += 2; // the convolution and its activation
    }
    index += 1; // the pooling
  }

  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(({ buffer }) => Buffer.from(buffer))]);
}
