import type { Architecture } from "../../core/enumerations.js";
import type { Head } from "../../core/run-configuration.js";
import { glorotUniform } from "../initializers/glorot-uniform.js";
import { heNormal } from "../initializers/he-normal.js";
import { reluActivation } from "../layers/activation.js";
import { batchNormalization } from "../layers/batch-normalization.js";
import { convolution } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import type { Layer } from "../layers/layer.js";
import { globalAveragePooling, maxPooling } from "../layers/pooling.js";

interface Block {
  readonly convolutions: number;
  readonly filters: number;
}

/** Configurations A, B, D and E of Simonyan and Zisserman (2015), table 1. */
export const VGG_BLOCKS: Readonly<Record<Architecture, readonly Block[]>> = {
  VGG11: [
    { convolutions: 1, filters: 64 },
    { convolutions: 1, filters: 128 },
    { convolutions: 2, filters: 256 },
    { convolutions: 2, filters: 512 },
    { convolutions: 2, filters: 512 },
  ],
  VGG13: [
    { convolutions: 2, filters: 64 },
    { convolutions: 2, filters: 128 },
    { convolutions: 2, filters: 256 },
    { convolutions: 2, filters: 512 },
    { convolutions: 2, filters: 512 },
  ],
  VGG16: [
    { convolutions: 2, filters: 64 },
    { convolutions: 2, filters: 128 },
    { convolutions: 3, filters: 256 },
    { convolutions: 3, filters: 512 },
    { convolutions: 3, filters: 512 },
  ],
  VGG19: [
    { convolutions: 2, filters: 64 },
    { convolutions: 2, filters: 128 },
    { convolutions: 4, filters: 256 },
    { convolutions: 4, filters: 512 },
    { convolutions: 4, filters: 512 },
  ],
};

const KERNEL_SIZE = 3;
/** Of the pictures: red, green, blue. */
export const IMAGE_CHANNELS = 3;

/** What decides a network's layers. */
export interface VggSpec {
  readonly architecture: Architecture;
  readonly batchNormalization: boolean;
  /** Multiplies the filters of every convolution; 1 is the published network. */
  readonly widthMultiplier: number;
  /** Height and width of the square pictures. */
  readonly imageSizePixels: number;
  readonly head: Head;
  readonly classCount: number;
}

/** The layers of a network, from picture to logits, with the names of Keras's VGG. */
export function vggLayers(network: VggSpec): readonly Layer[] {
  const blocks = VGG_BLOCKS[network.architecture];
  return [
    ...blocks.flatMap((block, index) => blockLayers(network, block, index + 1)),
    ...headLayers(network),
  ];
}

/** The layers of the first blocks, and those behind them. */
export function splitFrozen(
  layers: readonly Layer[],
  frozenBlocks: number,
): { readonly frozen: readonly Layer[]; readonly learning: readonly Layer[] } {
  const frozen = layers.filter(({ name }) => isFrozen(name, frozenBlocks));
  return { frozen, learning: layers.slice(frozen.length) };
}

/** Whether a layer, or a variable of one, belongs to the first blocks. */
export function isFrozen(name: string, frozenBlocks: number): boolean {
  const [, block] = /^block(\d)_/.exec(name) ?? [];
  return block !== undefined && Number(block) <= frozenBlocks;
}

function blockLayers(network: VggSpec, block: Block, number: number): Layer[] {
  const filters = Math.max(1, Math.round(block.filters * network.widthMultiplier));
  const layers: Layer[] = [];
  for (let position = 1; position <= block.convolutions; position++) {
    const name = `block${number}_conv${position}`;
    const options = { name, filters, kernelSize: KERNEL_SIZE };
    if (network.batchNormalization) {
      // beta of the normalisation stands in for the bias.
      layers.push(
        convolution({ ...options, useBias: false, activation: "linear" }),
        batchNormalization(`block${number}_bn${position}`),
        reluActivation(`block${number}_relu${position}`),
      );
    } else {
      layers.push(convolution({ ...options, useBias: true, activation: "relu" }));
    }
  }
  return [...layers, maxPooling(`block${number}_pool`)];
}

function headLayers({ head, classCount }: VggSpec): Layer[] {
  const drop = (name: string): Layer[] => (head.dropout > 0 ? [dropout(name, head.dropout)] : []);
  const predictions = dense({
    name: "predictions",
    units: classCount,
    activation: "linear",
    kernelInitializer: glorotUniform,
    inFloat32: true,
  });
  if (head.kind === "GLOBAL_AVERAGE_POOLING") {
    return [globalAveragePooling("global_average_pooling"), ...drop("dropout"), predictions];
  }
  const hidden = (name: string): Layer =>
    dense({ name, units: head.units, activation: "relu", kernelInitializer: heNormal, inFloat32: false });
  return [
    flatten("flatten"),
    hidden("fc1"),
    ...drop("dropout1"),
    hidden("fc2"),
    ...drop("dropout2"),
    predictions,
  ];
}
