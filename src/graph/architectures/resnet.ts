import { heNormalByOutputs } from "../initializers/he-normal.js";
import { reluActivation } from "../layers/activation.js";
import { addition } from "../layers/addition.js";
import { batchNormalization } from "../layers/batch-normalization.js";
import { convolution } from "../layers/convolution.js";
import { LayerList } from "../layers/layer-graph.js";
import { maxPooling } from "../layers/pooling.js";
import { type ArchitectureDefinition, multipliedWidth } from "./architecture.js";
import { addHead, type TorchNamesOfHead } from "./head.js";

interface ConvolutionRow {
  readonly kernelSize: number;
  /** Output channels, as a multiple of the stage's width. */
  readonly expansion: number;
  /** Whether it has the stride of the block, which makes the image smaller. */
  readonly strided: boolean;
}

/** The convolutions of a residual block. */
type ResidualBlock = readonly ConvolutionRow[];

/** He et al. (2016), figure 5, left. */
const BASIC: ResidualBlock = [
  { kernelSize: 3, expansion: 1, strided: true },
  { kernelSize: 3, expansion: 1, strided: false },
];

/**
 * He et al. (2016), figure 5, right, in version 1.5: the stride is in the 3 x 3 convolution, as in torchvision, and not
 * in the first 1 x 1 convolution, as in the paper and in Keras.
 */
const BOTTLENECK: ResidualBlock = [
  { kernelSize: 1, expansion: 1, strided: false },
  { kernelSize: 3, expansion: 1, strided: true },
  { kernelSize: 1, expansion: 4, strided: false },
];

interface Stage {
  readonly blocks: number;
  readonly width: number;
  /** The stride of its first block. */
  readonly stride: number;
}

const STEM_WIDTH = 64;
const STEM_POOLING = { window: 3, stride: 2, padding: 1 } as const;
/** PyTorch's default. */
const EPSILON = 1e-5;
const TORCH_HEAD: TorchNamesOfHead = { predictions: ["fc"] };

// He et al. (2016), table 1.

export const RESNET18 = resnet(BASIC, [
  { blocks: 2, width: 64, stride: 1 },
  { blocks: 2, width: 128, stride: 2 },
  { blocks: 2, width: 256, stride: 2 },
  { blocks: 2, width: 512, stride: 2 },
]);

export const RESNET34 = resnet(BASIC, [
  { blocks: 3, width: 64, stride: 1 },
  { blocks: 4, width: 128, stride: 2 },
  { blocks: 6, width: 256, stride: 2 },
  { blocks: 3, width: 512, stride: 2 },
]);

export const RESNET50 = resnet(BOTTLENECK, [
  { blocks: 3, width: 64, stride: 1 },
  { blocks: 4, width: 128, stride: 2 },
  { blocks: 6, width: 256, stride: 2 },
  { blocks: 3, width: 512, stride: 2 },
]);

/**
 * The first stage is the stem, the paper's conv1 with the pooling; the others are conv2_x to conv5_x. Layers have the
 * names of Keras's ResNet50.
 */
function resnet(block: ResidualBlock, stages: readonly Stage[]): ArchitectureDefinition {
  return {
    stageCount: 1 + stages.length,
    // Stem, pooling and three stages halve the image; the last stage of a smaller one sees its padding alone.
    minImageSizePixels: 32,
    heads: ["GLOBAL_AVERAGE_POOLING"],
    batchNormalization: "always",
    defaults: { batchNormalization: true, head: { kind: "GLOBAL_AVERAGE_POOLING", dropout: 0 } },
    inKeras: false,
    layers: (network) => {
      const layers = new LayerList();
      const stemWidth = multipliedWidth(STEM_WIDTH, network);
      const stem = { name: "conv1", stage: 1, kernelSize: 7, stride: 2, width: stemWidth };
      addNormalized(layers, { ...stem, torchNames: ["conv1", "bn1"], inputs: [layers.last] });
      layers.add(reluActivation("conv1_relu"), { stage: 1 });
      layers.add(maxPooling({ name: "pool1_pool", ...STEM_POOLING }), { stage: 1 });
      let inputWidth = stemWidth;
      for (const [index, { blocks, width, stride }] of stages.entries()) {
        for (let number = 1; number <= blocks; number++) {
          inputWidth = addBlock(layers, block, {
            stage: index + 2,
            number,
            stride: number === 1 ? stride : 1,
            width: multipliedWidth(width, network),
            inputWidth,
          });
        }
      }
      addHead(layers, network, TORCH_HEAD);
      return layers.layers;
    },
  };
}

interface BlockPlace {
  readonly stage: number;
  /** Place in the stage, from 1. */
  readonly number: number;
  readonly stride: number;
  readonly width: number;
  readonly inputWidth: number;
}

/** @returns the width of its output */
function addBlock(
  layers: LayerList,
  block: ResidualBlock,
  { stage, number, stride, width, inputWidth }: BlockPlace,
): number {
  const name = `conv${stage}_block${number}`;
  const torchName = `layer${stage - 1}.${number - 1}`;
  const input = layers.last;
  let branch = input;
  let outputWidth = inputWidth;
  for (const [index, { kernelSize, expansion, strided }] of block.entries()) {
    const position = index + 1;
    if (index > 0) branch = layers.add(reluActivation(`${name}_${index}_relu`), { stage });
    outputWidth = width * expansion;
    branch = addNormalized(layers, {
      name: `${name}_${position}`,
      stage,
      kernelSize,
      stride: strided ? stride : 1,
      width: outputWidth,
      torchNames: [`${torchName}.conv${position}`, `${torchName}.bn${position}`],
      inputs: [branch],
    });
  }
  const isSameShape = stride === 1 && outputWidth === inputWidth;
  const shortcut = isSameShape
    ? input
    : addNormalized(layers, {
        name: `${name}_0`,
        stage,
        kernelSize: 1,
        stride,
        width: outputWidth,
        torchNames: [`${torchName}.downsample.0`, `${torchName}.downsample.1`],
        inputs: [input],
      });
  layers.add(addition(`${name}_add`), { stage, inputs: [branch, shortcut] });
  layers.add(reluActivation(`${name}_out`), { stage });
  return outputWidth;
}

/** Adds a convolution without a bias, and its normalization. */
function addNormalized(
  layers: LayerList,
  options: {
    readonly name: string;
    readonly stage: number;
    readonly kernelSize: number;
    readonly stride: number;
    readonly width: number;
    /** torchvision's names of the convolution and of the normalization. */
    readonly torchNames: readonly [string, string];
    readonly inputs: readonly string[];
  },
): string {
  const { name, stage, kernelSize, stride, width, torchNames, inputs } = options;
  const [convolutionName, normalizationName] = torchNames;
  layers.add(
    convolution({
      name: `${name}_conv`,
      width,
      kernelSize,
      stride,
      useBias: false,
      activation: "linear",
      kernelInitializer: heNormalByOutputs,
    }),
    { stage, torchNames: [convolutionName], inputs },
  );
  const normalization = batchNormalization({ name: `${name}_bn`, epsilon: EPSILON });
  return layers.add(normalization, { stage, torchNames: [normalizationName] });
}
