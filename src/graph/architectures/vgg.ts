import { heNormal } from "../initializers/he-normal.js";
import { reluActivation } from "../layers/activation.js";
import { batchNormalization } from "../layers/batch-normalization.js";
import { convolution } from "../layers/convolution.js";
import { LayerList } from "../layers/layer-graph.js";
import { maxPooling } from "../layers/pooling.js";
import { type ArchitectureDefinition, multipliedWidth, type NetworkShape } from "./architecture.js";
import { addHead, type TorchNamesOfHead } from "./head.js";

/** Convolutions of 3 x 3 of one width, and a pooling that halves the image. */
interface Block {
  readonly convolutions: number;
  readonly width: number;
}

/** Keras's default. torchvision's networks have 1e-5, which an import of weights makes up for. */
const EPSILON = 1e-3;
const POOLING = { window: 2, stride: 2, padding: 0 } as const;

/** torchvision's name first, then timm's. */
const TORCH_HEAD: TorchNamesOfHead = {
  fc1: ["classifier.0", "pre_logits.fc1"],
  fc2: ["classifier.3", "pre_logits.fc2"],
  predictions: ["classifier.6", "head.fc"],
};

// Configurations A, B, D and E of Simonyan and Zisserman (2015), table 1.

export const VGG11 = vgg([
  { convolutions: 1, width: 64 },
  { convolutions: 1, width: 128 },
  { convolutions: 2, width: 256 },
  { convolutions: 2, width: 512 },
  { convolutions: 2, width: 512 },
]);

export const VGG13 = vgg([
  { convolutions: 2, width: 64 },
  { convolutions: 2, width: 128 },
  { convolutions: 2, width: 256 },
  { convolutions: 2, width: 512 },
  { convolutions: 2, width: 512 },
]);

export const VGG16 = vgg([
  { convolutions: 2, width: 64 },
  { convolutions: 2, width: 128 },
  { convolutions: 3, width: 256 },
  { convolutions: 3, width: 512 },
  { convolutions: 3, width: 512 },
]);

export const VGG19 = vgg([
  { convolutions: 2, width: 64 },
  { convolutions: 2, width: 128 },
  { convolutions: 4, width: 256 },
  { convolutions: 4, width: 512 },
  { convolutions: 4, width: 512 },
]);

/** Every block is a stage. Layers have the names of Keras's VGG. */
function vgg(blocks: readonly Block[]): ArchitectureDefinition {
  return {
    stageCount: blocks.length,
    // A smaller image would vanish in the poolings.
    minImageSizePixels: POOLING.stride ** blocks.length,
    heads: ["FULLY_CONNECTED", "GLOBAL_AVERAGE_POOLING"],
    batchNormalization: "optional",
    defaults: {},
    inKeras: true,
    layers: (network) => {
      const layers = new LayerList();
      for (const [index, block] of blocks.entries()) addBlock(layers, network, block, index + 1);
      addHead(layers, network, TORCH_HEAD);
      return layers.layers;
    },
  };
}

function addBlock(layers: LayerList, network: NetworkShape, block: Block, stage: number): void {
  const normalized = network.batchNormalization;
  for (let position = 1; position <= block.convolutions; position++) {
    const name = `block${stage}_conv${position}`;
    layers.add(
      convolution({
        name,
        width: multipliedWidth(block.width, network),
        kernelSize: 3,
        stride: 1,
        // The beta of a normalization takes the place of the bias.
        useBias: !normalized,
        activation: normalized ? "linear" : "relu",
        kernelInitializer: heNormal,
      }),
      { stage, torchNames: [nextInSequence(layers)] },
    );
    if (!normalized) continue;
    layers.add(batchNormalization({ name: `block${stage}_bn${position}`, epsilon: EPSILON }), {
      stage,
      torchNames: [nextInSequence(layers)],
    });
    layers.add(reluActivation(`block${stage}_relu${position}`), { stage });
  }
  layers.add(maxPooling({ name: `block${stage}_pool`, ...POOLING }), { stage });
}

/** torchvision's `features` is an `nn.Sequential`, which counts every module; an activation is a module too. */
function nextInSequence({ layers }: LayerList): string {
  const modules = layers.reduce(
    (count, { layer }) => count + (layer.kind === "Conv2D" && layer.activation === "relu" ? 2 : 1),
    0,
  );
  return `features.${modules}`;
}
