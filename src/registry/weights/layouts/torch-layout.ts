import { type ShapedLayer, shapedLayersOf } from "../../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import { layersOf } from "../../../graph/architectures/registry.js";
import type { PlacedLayer } from "../../../graph/layers/layer-graph.js";
import { elementsOf, type StoredTensor } from "../stored-tensor.js";
import { ImportedOffer, readWhole, slicesOf } from "./imported-variable.js";
import { offerNormalization } from "./normalization.js";
import { variantsOf } from "./recognized-network.js";

type Tensors = ReadonlyMap<string, StoredTensor>;

/** `torch.nn.BatchNorm2d`'s default, which torchvision and timm keep. */
const TORCH_EPSILON = 1e-5;

/** Counts steps; nothing is computed with it. */
const STEP_COUNTER = /\.num_batches_tracked$/;

/**
 * The variables that a state dictionary of torchvision or timm offers. Its names tell the architecture that it is of;
 * where they fit none, it is read as one of the network's own.
 */
export function offerTorch(tensors: Tensors, network: NetworkSpec): ImportedOffer {
  const recognized = recognizeNetwork(tensors, network);
  const offer = new ImportedOffer(recognized?.architecture ?? null);
  const layers = shapedLayersOf(recognized ?? network);
  const taken = offerStages(offer, tensors, layers);
  const head = new Set(rootsOf(layers.filter(({ stage }) => stage === null)));
  offerHead(offer, tensors, layers, head);
  for (const [name, tensor] of tensors) {
    if (!taken.has(name) && !head.has(rootOf(name)) && !STEP_COUNTER.test(name)) offer.addUnknown(tensor);
  }
  return offer;
}

/** The network whose convolutions have the names in the file; null where there is none. */
function recognizeNetwork(tensors: Tensors, network: NetworkSpec): NetworkSpec | null {
  const fits = (candidate: NetworkSpec): boolean => {
    const layers = layersOf(candidate).filter(({ stage }) => stage !== null);
    const roots = new Set(rootsOf(layers));
    const found = [...tensors.values()]
      .filter(({ name, shape }) => shape.length === 4 && name.endsWith(".weight") && roots.has(rootOf(name)))
      .map(({ name }) => name);
    const convolutions = layers.filter(({ layer }) => layer.kind === "Conv2D");
    const expected = new Set(
      convolutions.flatMap(({ torchNames }) => torchNames.map((name) => `${name}.weight`)),
    );
    return expected.size === found.length && found.every((name) => expected.has(name));
  };
  return variantsOf(network).find(fits) ?? null;
}

/** @returns the names of the tensors that have a place in the stages */
function offerStages(
  offer: ImportedOffer,
  tensors: Tensors,
  layers: readonly ShapedLayer[],
): ReadonlySet<string> {
  const taken = new Set<string>();
  const take = (module: string, role: string): StoredTensor | undefined => {
    const name = `${module}.${role}`;
    taken.add(name);
    return tensors.get(name);
  };
  /** Biases in the file of convolutions that have none in our network, by the convolution's name. */
  const biases = new Map<string, StoredTensor>();
  for (const { layer, inputs, stage, torchNames } of layers) {
    const [module] = torchNames;
    if (stage === null || module === undefined) continue;
    if (layer.kind === "Conv2D") {
      const [kernel, bias] = [take(module, "weight"), take(module, "bias")];
      if (kernel !== undefined) offerKernel(offer, `${layer.name}/kernel`, kernel);
      if (bias === undefined) continue;
      if (layer.useBias) offer.add(`${layer.name}/bias`, bias);
      else biases.set(layer.name, bias);
    } else if (layer.kind === "BatchNormalization") {
      offerNormalization(offer, layer, {
        gamma: take(module, "weight"),
        beta: take(module, "bias"),
        mean: take(module, "running_mean"),
        variance: take(module, "running_var"),
        epsilon: TORCH_EPSILON,
        bias: biases.get(inputs[0] ?? ""),
      });
    }
  }
  return taken;
}

/** @param roots of the names that belong to a head, whatever its layers */
function offerHead(
  offer: ImportedOffer,
  tensors: Tensors,
  layers: readonly ShapedLayer[],
  roots: ReadonlySet<string>,
): void {
  const known: (() => void)[] = [];
  for (const shaped of layers.filter(({ stage }) => stage === null)) {
    const { name } = shaped.layer;
    for (const module of shaped.torchNames) {
      const [weight, bias] = [tensors.get(`${module}.weight`), tensors.get(`${module}.bias`)];
      if (weight !== undefined) {
        known.push(() => offerMatrix(offer, `${name}/kernel`, weight, flattenedPixels(shaped, layers)));
      }
      if (bias !== undefined) known.push(() => offer.add(`${name}/bias`, bias));
    }
  }
  // A head with other layers is of another kind, which no network of ours has.
  if ([...tensors.keys()].filter((name) => roots.has(rootOf(name))).length !== known.length) return;
  for (const add of known) add();
}

/** Height * width of the feature map that was flattened into a layer's inputs; 1 where none was. */
function flattenedPixels({ inputs }: ShapedLayer, layers: readonly ShapedLayer[]): number {
  const before = layers.find(({ layer }) => layer.name === inputs[0]);
  if (before?.layer.kind !== "Flatten") return 1;
  const [height = 1, width = 1] = before.inputShape;
  return height * width;
}

function rootsOf(layers: readonly PlacedLayer[]): readonly string[] {
  return layers.flatMap(({ torchNames }) => torchNames.map(rootOf));
}

/** "features" of "features.0.weight". */
function rootOf(name: string): string {
  return name.split(".", 1)[0] ?? name;
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
 * height, width]. torch flattens channels first, our networks flatten them last.
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
      // The inner loop writes to neighboring places; in the other order, every write would miss the cache.
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
