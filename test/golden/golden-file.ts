import { readFile } from "node:fs/promises";
import path from "node:path";
import { projectRoot } from "../../src/lang/project-root.js";
import { type Fingerprint, product } from "./golden-formula.js";

/** The metrics of one batch; top-5 of fewer than five classes is of all of them. */
export interface BatchSummary {
  readonly lossMean: number;
  readonly lossSum: number;
  readonly top1: number;
  readonly top5: number;
}

export type LayerRow = readonly [name: string, outputShape: readonly number[], parameters: number];

export interface Vgg19Golden {
  readonly parameterCount: number;
  readonly layers: readonly LayerRow[];
  /** With weights from `weight`. */
  readonly evaluation: BatchSummary & Outputs;
  /** This and the next fields with `exactWeight`, on black and white images. */
  readonly exact: BatchSummary & Pick<Outputs, "logits">;
  readonly activations: Readonly<Record<string, Fingerprint>>;
  readonly gradients: Readonly<Record<string, Fingerprint>>;
}

export interface SmallNetworkGolden {
  readonly network: {
    readonly architecture: "VGG11";
    readonly widthMultiplier: number;
    readonly imageSizePixels: number;
    readonly hiddenUnits: number;
    readonly head: "FULLY_CONNECTED" | "GLOBAL_AVERAGE_POOLING";
    readonly batchNormalization: boolean;
    readonly classCount: number;
  };
  readonly parameterCount: number;
  readonly layers: readonly LayerRow[];
  readonly activations: Readonly<Record<string, Fingerprint>>;
  readonly evaluation: BatchSummary & Outputs;
  readonly training: BatchSummary & Pick<Outputs, "logits">;
  /** Shapes of the tensors in the `.gradients.f32` file, in its order. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly movingStatisticsAfterStep1: Readonly<Record<string, readonly number[]>>;
  readonly steps: Readonly<Record<OptimizerName, readonly StepGolden[]>>;
}

export interface StepGolden extends BatchSummary {
  /** Every variable of the network after the step, moving statistics too. */
  readonly variables: Readonly<Record<string, Fingerprint>>;
}

/** Results of torchvision's ResNet in float64. */
export interface ResnetGolden {
  readonly network: {
    readonly architecture: "RESNET18" | "RESNET34" | "RESNET50";
    readonly widthMultiplier: number;
    readonly imageSizePixels: number;
    readonly classCount: number;
  };
  readonly trainableParameters: number;
  readonly evaluation: { readonly loss: number } & Pick<Outputs, "logits">;
  readonly training: { readonly loss: number } & Pick<Outputs, "logits">;
  readonly gradients: GoldenTensors;
  readonly movingStatisticsAfterStep1: GoldenTensors;
}

/** By the names of variables. */
export type GoldenTensors = Readonly<Record<string, Fingerprint>>;

export const RESNETS = ["resnet18", "resnet34-narrow", "resnet50-narrow"] as const;

export type OptimizerName = "adam" | "sgd-momentum" | "sgd-nesterov";

interface Outputs {
  readonly logits: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly number[])[];
}

export const SMALL_NETWORKS = [
  "vgg11-fully-connected",
  "vgg11-fully-connected-bn",
  "vgg11-average-pooling",
  "vgg11-average-pooling-bn",
] as const;
export type SmallNetworkName = (typeof SMALL_NETWORKS)[number];

/** Reads `test/golden/<name>.json`, which the compiler does not copy. */
export async function readGolden<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(goldenPath(`${name}.json`), "utf8")) as T;
}

/** The whole gradients of a small network, by variable. */
export async function readGradients(
  name: SmallNetworkName,
  shapes: SmallNetworkGolden["gradients"],
): Promise<ReadonlyMap<string, Float32Array>> {
  const bytes = await readFile(goldenPath(`${name}.gradients.f32`));
  const all = new Float32Array(new Uint8Array(bytes).buffer);
  const gradients = new Map<string, Float32Array>();
  let start = 0;
  for (const [variable, shape] of Object.entries(shapes)) {
    const end = start + product(shape);
    gradients.set(variable, all.subarray(start, end));
    start = end;
  }
  if (start !== all.length) throw new Error(`${name}.gradients.f32 has ${all.length} numbers, not ${start}.`);
  return gradients;
}

function goldenPath(file: string): string {
  return path.join(projectRoot(import.meta.dirname), "test/golden", file);
}
