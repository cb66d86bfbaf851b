import { PREDICTIONS } from "../../../graph/architectures/head.js";
import { type ShapedLayer, shapedLayersOf } from "../../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import { ARCHITECTURES, layersOf } from "../../../graph/architectures/registry.js";
import type { PlacedLayer } from "../../../graph/layers/layer-graph.js";
import { elementsOf, isStoredType, type StoredTensor } from "../stored-tensor.js";
import { chooseClassNames } from "../torch/class-lists.js";
import type { TorchContent } from "../torch/torch-file.js";
import { ImportedOffer, readWhole, slicesOf } from "./imported-variable.js";
import { offerNormalization } from "./normalization.js";
import { sourceNetworkOf } from "./source-network.js";
import { type DenseModule, findHead } from "./torch-head.js";
import { nameTensors, rootOf, type Tensors } from "./torch-names.js";

/** `torch.nn.BatchNorm2d`'s default, which torchvision and timm keep. */
const TORCH_EPSILON = 1e-5;

/** Normalizations of PyTorch count their steps; nobody misses that. */
const STEPS_OF_NORMALIZATION = /(^|\.)num_batches_tracked$/;

/**
 * The variables that a state dictionary of torchvision or timm offers. Its names tell the architecture that it is of;
 * where they fit none, it is read as one of the network's own.
 *
 * @param epsilon of its normalizations, which such files never state; null: PyTorch's default
 */
export function offerTorch(
  content: TorchContent,
  epsilon: number | null,
  network: NetworkSpec,
): ImportedOffer {
  const named = nameTensors(content.tensors, network);
  const { tensors, prefix } = named;
  const layers = shapedLayersOf(named.network ?? network);
  const source = named.network === null ? null : sourceNetworkOf(named.network, widthsOf(tensors, layers));
  const offer = new ImportedOffer({ source, prefix, container: content.container });
  const taken = offerStages(offer, tensors, layers, epsilon ?? TORCH_EPSILON);
  const normalized = layers.some(({ layer }) => layer.kind === "BatchNormalization");
  if (normalized) offer.noteUnstatedEpsilon(epsilon, TORCH_EPSILON);
  const stages = new Set(rootsOf(layers.filter(({ stage }) => stage !== null)));
  const rest = [...tensors].filter(([name, tensor]) => !taken.has(name) && !isFigure(tensor));
  for (const [name, tensor] of rest) if (stages.has(rootOf(name))) offer.addUnknown(tensor);
  const head = findHead(new Map(rest.filter(([name]) => !stages.has(rootOf(name)))), {
    known: headNamesOf(named.network ?? network),
    convolutions: layers.flatMap(({ layer, stage, torchNames: [name] }) =>
      layer.kind === "Conv2D" && stage !== null ? [`${name}.weight`] : [],
    ),
    isOrdered: content.isOrdered,
  });
  offerHead(offer, head.layers, layers);
  offer.otherHead = head.otherKind;
  for (const tensor of head.unknown) offer.addUnknown(tensor);
  const outputs = offer.variables.get(`${PREDICTIONS}/kernel`)?.shape.at(-1) ?? null;
  const { classNames, flaw } = chooseClassNames(content.classLists, outputs);
  offer.classNames = classNames;
  offer.classNamesFlaw = flaw;
  const figures = [...tensors].flatMap(([name, tensor]) =>
    !taken.has(name) && isFigure(tensor) ? [tensor] : [],
  );
  for (const { name } of [...head.ignored, ...figures, ...named.outside]) {
    if (!STEPS_OF_NORMALIZATION.test(name)) offer.ignored.push(name);
  }
  return offer;
}

/** The layers of an architecture's heads by their modules in torchvision and timm. */
function headNamesOf(network: NetworkSpec): ReadonlyMap<string, string> {
  const layers = ARCHITECTURES[network.architecture].heads.flatMap((kind) =>
    layersOf({ ...network, head: { ...network.head, kind } }),
  );
  return new Map(
    layers.flatMap(({ layer, stage, torchNames }) =>
      stage === null ? torchNames.map((name) => [name, layer.name] as const) : [],
    ),
  );
}

/** Whether a tensor counts something, such as the steps of a normalization or of an average; it is no weight. */
function isFigure({ shape, dtype }: StoredTensor): boolean {
  return shape.length === 0 || (shape.length === 1 && !isStoredType(dtype));
}

function widthsOf(tensors: Tensors, layers: readonly ShapedLayer[]): ReadonlyMap<string, number> {
  const widths = new Map<string, number>();
  for (const { layer, torchNames } of layers) {
    const kernel = tensors.get(`${torchNames[0]}.weight`);
    if (layer.kind === "Conv2D" && kernel !== undefined) widths.set(layer.name, kernel.shape[0] ?? 0);
  }
  return widths;
}

/** @returns the names of the tensors that have a place in the stages */
function offerStages(
  offer: ImportedOffer,
  tensors: Tensors,
  layers: readonly ShapedLayer[],
  epsilon: number,
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
        epsilon,
        bias: biases.get(inputs[0] ?? ""),
      });
    }
  }
  return taken;
}

/** Offers the dense layers behind the stages. */
function offerHead(
  offer: ImportedOffer,
  found: ReadonlyMap<string, DenseModule>,
  layers: readonly ShapedLayer[],
): void {
  for (const [place, { weight, bias }] of found) {
    const shaped = layers.find(({ layer }) => layer.name === place);
    const pixels = shaped === undefined ? 1 : flattenedPixels(shaped, layers);
    offerMatrix(offer, `${place}/kernel`, weight, pixels);
    if (bias !== undefined) offer.add(`${place}/bias`, bias);
  }
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

/** [outputs, inputs, height, width] -> [height, width, inputs, outputs] */
function offerKernel(offer: ImportedOffer, variable: string, tensor: StoredTensor): void {
  const [outputs = 0, inputs = 0, height = 0, width = 0] = tensor.shape;
  if (tensor.shape.length !== 4) {
    offer.add(variable, tensor);
    return;
  }
  const pixels = height * width;
  const read = async () => {
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
  };
  offer.add(variable, tensor, { shape: [height, width, inputs, outputs], read });
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
  const read = async () => {
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
  };
  offer.add(variable, tensor, { shape: [inputs, outputs], read });
}
