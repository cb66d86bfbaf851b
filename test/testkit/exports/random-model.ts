import path from "node:path";
import { CheckpointReader } from "../../../src/engine/checkpoints/checkpoint-reader.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { ActivationRanges } from "../../../src/exports/network/activation-ranges.js";
import { ExportedNetwork, type ExportIdentity } from "../../../src/exports/network/exported-network.js";
import { networkVariables } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { elementCount } from "../../../src/graph/tensor-spec.js";
import { writeVariableCheckpoint } from "../../../src/registry/weights/variable-checkpoint.js";
import { seededRandom } from "../random.js";

/** A small network of the VGG family; tests replace what they need. */
export const SMALL_NETWORK: NetworkSpec = {
  architecture: "VGG11",
  batchNormalization: false,
  widthMultiplier: 0.125,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0.5 },
  preprocessing: "SCALE_0_1",
  precision: "FLOAT32",
  classCount: 5,
  seed: 1,
};

/** Networks that together have every layer, head and preprocessing. */
export const EXPORTED_NETWORKS: Readonly<Record<string, NetworkSpec>> = {
  "VGG11 pooled": SMALL_NETWORK,
  "VGG13 with batch normalization": {
    ...SMALL_NETWORK,
    architecture: "VGG13",
    batchNormalization: true,
    preprocessing: "IMAGENET_TORCH",
  },
  "VGG19 fully connected": {
    ...SMALL_NETWORK,
    architecture: "VGG19",
    head: { kind: "FULLY_CONNECTED", units: 24, dropout: 0.5 },
    imageSizePixels: 64,
    preprocessing: "IMAGENET_CAFFE",
  },
  "ResNet-18": {
    ...SMALL_NETWORK,
    architecture: "RESNET18",
    batchNormalization: true,
    imageSizePixels: 64,
    preprocessing: "SCALE_MINUS_1_1",
  },
  "ResNet-50": {
    ...SMALL_NETWORK,
    architecture: "RESNET50",
    batchNormalization: true,
    imageSizePixels: 49,
    preprocessing: "IMAGENET_CAFFE",
  },
};

export const IDENTITY: ExportIdentity = {
  product: "espalier test",
  modelVersion: "flowers:3",
  modelVersionId: "mdv_00000000000000000000000001",
  description: "A test.",
  runId: "run_00000000000000000000000001",
  epoch: 4,
  dataset: "flowers:2",
  datasetHash: "ab".repeat(32),
  registeredAt: new Date("2026-11-30T12:34:56Z"),
};

export function classNamesOf({ classCount }: NetworkSpec): readonly string[] {
  return Array.from({ length: classCount }, (_, index) => `class ${index}`);
}

/** Writes random weights, also of normalizations, in the form of a registered model version: `folder`/variables. */
export async function writeRandomModel(
  host: EngineHost,
  network: NetworkSpec,
  folder: string,
  seed = 1,
): Promise<void> {
  const random = seededRandom(seed);
  const reachesHundreds = network.preprocessing === "IMAGENET_CAFFE";
  const between = (low: number, high: number): number => low + (high - low) * random();
  const elementOf = (name: string, shape: readonly number[]): number => {
    const role = name.slice(name.lastIndexOf("/") + 1);
    if (role === "kernel") {
      const inputs = elementCount(shape.slice(0, -1));
      // The channels of a caffe image go to 128; the first layer brings them near 1.
      const limit = Math.sqrt(6 / inputs) * (shape.at(-2) === 3 && reachesHundreds ? 1 / 64 : 1);
      return between(-limit, limit);
    }
    if (role === "moving_variance") return between(0.5, 1.5);
    // Below 1, so that the sums of residual blocks do not grow.
    return role === "gamma" ? between(0.2, 0.6) : between(-0.3, 0.3);
  };
  const read = async ({ name, shape }: { readonly name: string; readonly shape: readonly number[] }) =>
    Float32Array.from({ length: elementCount(shape) }, () => elementOf(name, shape));
  await writeVariableCheckpoint(host, networkVariables(network), read, path.join(folder, "variables"));
}

/** Opens the weights that `writeRandomModel` wrote. The caller disposes of the reader. */
export async function openRandomModel(
  host: EngineHost,
  network: NetworkSpec,
  folder: string,
  ranges: ActivationRanges | null = null,
  classNames: readonly string[] = classNamesOf(network),
): Promise<{ readonly network: ExportedNetwork } & AsyncDisposable> {
  const reader = await CheckpointReader.open(host, path.join(folder, "variables", "variables"));
  return {
    network: new ExportedNetwork(network, classNames, IDENTITY, ranges, reader),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}
