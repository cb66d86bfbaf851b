import { Architecture } from "../../../core/enumerations.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import { elementsOf, type StoredTensor } from "../stored-tensor.js";
import { ImportedOffer, readWhole, slicesOf } from "./imported-variable.js";
import { offerNormalization } from "./normalization.js";
import { type ConvolutionPlace, convolutionPlaces, DENSE_LAYERS } from "./vgg-places.js";

/** `torch.nn.BatchNorm2d`'s default, which torchvision and timm keep. */
const TORCH_EPSILON = 1e-5;

/** How torchvision and timm call the layers of the head. */
const HEAD_NAMES: Readonly<Record<(typeof DENSE_LAYERS)[number], readonly string[]>> = {
  fc1: ["classifier.0", "pre_logits.fc1"],
  fc2: ["classifier.3", "pre_logits.fc2"],
  predictions: ["classifier.6", "head.fc"],
};
const HEAD_NAME = /^(classifier|pre_logits|head)\./;
/** Counts steps; nothing is computed with it. */
const STEP_COUNTER = /\.num_batches_tracked$/;

interface NumberedPlace extends ConvolutionPlace {
  /** In `features`, an `nn.Sequential` that counts activations and poolings too. */
  readonly index: number;
}

/** What the state dictionary of a VGG of torchvision or timm offers. */
export function offerTorch(tensors: ReadonlyMap<string, StoredTensor>, network: NetworkSpec): ImportedOffer {
  const offer = new ImportedOffer();
  const taken = new Set<string>();
  const take = (name: string): StoredTensor | undefined => {
    taken.add(name);
    return tensors.get(name);
  };
  const { places, normalized } = placesOf(tensors, network);
  for (const { index, convolution, normalization } of places) {
    const kernel = take(`features.${index}.weight`);
    const bias = take(`features.${index}.bias`);
    if (kernel !== undefined) offerKernel(offer, `${convolution}/kernel`, kernel);
    if (!normalized) {
      if (bias !== undefined) offer.add(`${convolution}/bias`, bias);
      continue;
    }
    const layer = `features.${index + 1}`;
    offerNormalization(offer, normalization, {
      gamma: take(`${layer}.weight`),
      beta: take(`${layer}.bias`),
      mean: take(`${layer}.running_mean`),
      variance: take(`${layer}.running_var`),
      epsilon: TORCH_EPSILON,
      bias,
    });
  }
  offerHead(offer, tensors, network);
  for (const [name, tensor] of tensors) {
    if (!taken.has(name) && !HEAD_NAME.test(name) && !STEP_COUNTER.test(name)) offer.addUnknown(tensor);
  }
  return offer;
}

/** The places of the architecture whose convolutions the file has; of the network's own if none. */
function placesOf(
  tensors: ReadonlyMap<string, StoredTensor>,
  network: NetworkSpec,
): { places: readonly NumberedPlace[]; normalized: boolean } {
  const found = [...tensors.values()]
    .filter(({ name, shape }) => shape.length === 4 && /^features\.\d+\.weight$/.test(name))
    .map(({ name }) => name);
  const candidates = Object.values(Architecture).flatMap((architecture) =>
    [false, true].map((normalized) => ({ places: numberedPlaces(architecture, normalized), normalized })),
  );
  const fitting = candidates.find(({ places }) => {
    const expected = new Set(places.map(({ index }) => `features.${index}.weight`));
    return expected.size === found.length && found.every((name) => expected.has(name));
  });
  const { architecture, batchNormalization } = network;
  return (
    fitting ?? {
      places: numberedPlaces(architecture, batchNormalization),
      normalized: batchNormalization,
    }
  );
}

/** Convolution, maybe normalisation, ReLU; and a pooling after every block. */
function numberedPlaces(architecture: Architecture, normalized: boolean): NumberedPlace[] {
  const layersPerConvolution = normalized ? 3 : 2;
  return convolutionPlaces(architecture).map((place, position) => ({
    ...place,
    index: position * layersPerConvolution + (place.block - 1),
  }));
}

function offerHead(
  offer: ImportedOffer,
  tensors: ReadonlyMap<string, StoredTensor>,
  network: NetworkSpec,
): void {
  const known = new Map<string, StoredTensor>();
  for (const layer of DENSE_LAYERS) {
    for (const name of HEAD_NAMES[layer]) {
      const [weight, bias] = [tensors.get(`${name}.weight`), tensors.get(`${name}.bias`)];
      if (weight !== undefined) known.set(`${layer}/kernel`, weight);
      if (bias !== undefined) known.set(`${layer}/bias`, bias);
    }
  }
  // With other layers among them it is a head of another kind, which none of ours can take.
  if ([...tensors.keys()].filter((name) => HEAD_NAME.test(name)).length !== known.size) return;
  for (const [variable, tensor] of known) {
    if (variable.endsWith("/bias")) offer.add(variable, tensor);
    else offerMatrix(offer, variable, tensor, variable === "fc1/kernel" ? pixelsOf(network) : 1);
  }
}

/** Of the picture that the last pooling leaves. */
function pixelsOf({ imageSizePixels }: NetworkSpec): number {
  return Math.floor(imageSizePixels / 32) ** 2;
}

/** [outputs, inputs, height, width] -> [height, width, inputs, outputs] */
function offerKernel(offer: ImportedOffer, variable: string, tensor: StoredTensor): void {
  const [outputs = 0, inputs = 0, height = 0, width = 0] = tensor.shape;
  if (tensor.shape.length !== 4) {
    offer.add(variable, tensor);
    return;
  }
  const pixels = height * width;
  offer.add(variable, tensor, [height, width, inputs, outputs], async () => {
    const from = await readWhole(tensor);
    const to = new Float32Array(from.length);
    let position = 0;
    for (let output = 0; output < outputs; output++) {
      for (let input = 0; input < inputs; input++) {
        for (let pixel = 0; pixel < pixels; pixel++) {
          to[(pixel * inputs + input) * outputs + output] = from[position++] ?? 0;
        }
      }
    }
    return to;
  });
}

/**
 * [outputs, inputs] -> [inputs, outputs]; timm keeps such layers as convolutions, [outputs, channels,
 * height, width]. torch flattens channels first, we flatten them last.
 *
 * @param pixels height * width of the feature map that the inputs are
 */
function offerMatrix(offer: ImportedOffer, variable: string, tensor: StoredTensor, pixels: number): void {
  const [outputs = 0, ...inputShape] = tensor.shape;
  const inputs = elementsOf(inputShape, variable);
  offer.add(variable, tensor, [inputs, outputs], async () => {
    const to = new Float32Array(inputs * outputs);
    const channels = inputs / pixels;
    for await (const { start, values } of slicesOf(tensor, inputs)) {
      const [first, rows] = [start / inputs, values.length / inputs];
      // The innermost loop writes neighbours: the other way round, every write would miss the cache.
      for (let input = 0; input < inputs; input++) {
        const ours = (input % pixels) * channels + Math.floor(input / pixels);
        for (let row = 0; row < rows; row++) {
          to[ours * outputs + first + row] = values[row * inputs + input] ?? 0;
        }
      }
    }
    return to;
  });
}
