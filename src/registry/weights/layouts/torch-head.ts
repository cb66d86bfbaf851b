import { HEAD_LAYERS, PREDICTIONS } from "../../../graph/architectures/head.js";
import { quoted } from "../invalid-weights.js";
import { isStoredType, type StoredTensor } from "../stored-tensor.js";
import { rootOf, type Tensors } from "./torch-names.js";

/** The tensors of a dense layer, or of a convolution that is one. */
export interface DenseModule {
  readonly weight: StoredTensor;
  readonly bias: StoredTensor | undefined;
}

/** What the tensors of a file outside of the stages turned out to be. */
export interface FoundHead {
  /** The dense layers by the names of our layers; empty where there is no head, or one of another kind. */
  readonly layers: ReadonlyMap<string, DenseModule>;
  /** Why the head is none of the kinds known here, as the end of "because …"; null: it is one, or there is none. */
  readonly otherKind: string | null;
  /** Tensors of layers that may be a part of the network, which has no place for them. */
  readonly unknown: readonly StoredTensor[];
  /** Tensors that are no part of it, such as those of a loss, a metric or an average of the weights. */
  readonly ignored: readonly StoredTensor[];
}

/** What is known about the names in a file. */
export interface HeadNames {
  /** The layers of the head by their modules in torchvision and timm. */
  readonly known: ReadonlyMap<string, string>;
  /** The kernels of the stages: "features.0.weight". */
  readonly convolutions: readonly string[];
  /** Whether the tensors are in the order of the modules. */
  readonly isOrdered: boolean;
}

const DENSE_ROLES: ReadonlySet<string> = new Set(["weight", "bias"]);
const NORMALIZATION_ROLES: ReadonlySet<string> = new Set(["running_mean", "running_var"]);
/** Modules that only training needs. */
const OF_TRAINING = /criterion|loss|metric/i;

/**
 * Finds the dense layers of the head: those with the names of torchvision or timm, or else a single one, or three. Anything
 * else is a head of another kind.
 *
 * @param tensors those that are not below the names of the stages
 */
export function findHead(tensors: Tensors, names: HeadNames): FoundHead {
  const copies = rootsOfCopies(tensors, names.convolutions);
  const own = new Map([...tensors].filter(([name]) => !copies.has(rootOf(name))));
  const modules = headModules(denseModules(own, names.known), names.known);
  const knownRoots = [...names.known.keys()].map(rootOf);
  const roots = new Set([...knownRoots, ...[...modules.keys()].map(rootOf)]);
  const others: StoredTensor[] = [];
  const unknown: StoredTensor[] = [];
  const ignored = [...tensors].flatMap(([name, tensor]) => (copies.has(rootOf(name)) ? [tensor] : []));
  for (const [name, tensor] of own) {
    if (!roots.has(rootOf(name))) (mayCompute(name, own, modules) ? unknown : ignored).push(tensor);
    else if (!modules.has(moduleOf(name)) || !DENSE_ROLES.has(roleOf(name))) others.push(tensor);
  }
  const places = others.length > 0 ? null : placesOf(modules, names);
  return {
    layers: places ?? new Map(),
    otherKind: places === null && modules.size + others.length > 0 ? describe(modules, others, names) : null,
    unknown,
    ignored,
  };
}

/** The first steps of names below which the stages are once more: of an average of the weights, or of a teacher. */
function rootsOfCopies(tensors: Tensors, [first = "", ...others]: readonly string[]): ReadonlySet<string> {
  const roots = new Set<string>();
  for (const name of tensors.keys()) {
    if (!name.endsWith(`.${first}`) || roots.has(rootOf(name))) continue;
    const prefix = name.slice(0, name.length - first.length);
    if (others.every((other) => tensors.has(prefix + other))) roots.add(rootOf(name));
  }
  return roots;
}

function denseModules(
  tensors: Tensors,
  known: ReadonlyMap<string, string>,
): ReadonlyMap<string, DenseModule> {
  const modules = new Map<string, DenseModule>();
  for (const [name, weight] of tensors) {
    if (roleOf(name) !== "weight" || OF_TRAINING.test(name)) continue;
    const module = moduleOf(name);
    const [rank, pixels] = [weight.shape.length, weight.shape.slice(2)];
    // timm's hidden layers are convolutions.
    const dense = rank === 2 || (rank === 4 && (known.has(module) || pixels.every((size) => size === 1)));
    if (dense) modules.set(module, { weight, bias: tensors.get(`${module}.bias`) });
  }
  return modules;
}

/** Beside a head with known names, other dense layers belong to it only where their shapes fit before or behind its layers. */
function headModules(
  modules: ReadonlyMap<string, DenseModule>,
  known: ReadonlyMap<string, string>,
): ReadonlyMap<string, DenseModule> {
  const roots = new Set([...known.keys()].map(rootOf));
  const named = [...modules].filter(([module]) => roots.has(rootOf(module)));
  if (named.length === 0) return modules;
  const predictions = named.filter(([module]) => (known.get(module) ?? PREDICTIONS) === PREDICTIONS);
  const isPart = (module: DenseModule): boolean =>
    named.some(([, next]) => outputsOf(module) === inputsOf(next)) ||
    predictions.some(([, last]) => inputsOf(module) === outputsOf(last));
  return new Map([...modules].filter(([name, module]) => roots.has(rootOf(name)) || isPart(module)));
}

/**
 * Whether a tensor outside of the stages and the head may be of a layer that changes what the network computes: a
 * convolution, a normalization, or a factor for each channel.
 */
function mayCompute(name: string, tensors: Tensors, head: ReadonlyMap<string, DenseModule>): boolean {
  const [module, role] = [moduleOf(name), roleOf(name)];
  const weight = tensors.get(`${module}.weight`);
  if (OF_TRAINING.test(name)) return false;
  if (NORMALIZATION_ROLES.has(role) || tensors.has(`${module}.running_mean`)) return true;
  if (weight === undefined || !DENSE_ROLES.has(role) || !isStoredType(weight.dtype)) return false;
  if (weight.shape.length !== 1) return weight.shape.length > 2;
  // A loss has a weight for each class, and no bias.
  const isForClasses = [...head.values()].some((layer) => outputsOf(layer) === weight.shape[0]);
  return tensors.has(`${module}.bias`) || !isForClasses;
}

/** The dense layers by the head layers that they are; null: those of another kind of head. */
function placesOf(
  modules: ReadonlyMap<string, DenseModule>,
  { known, isOrdered }: HeadNames,
): ReadonlyMap<string, DenseModule> | null {
  const layers = [...modules.values()];
  const [only] = layers;
  if (only === undefined) return new Map();
  if (layers.length === 1) return new Map([[PREDICTIONS, only]]);
  const named = new Map(
    [...modules].flatMap(([module, layer]) => {
      const place = known.get(module);
      return place === undefined ? [] : [[place, layer] as const];
    }),
  );
  if ([...modules.keys()].every((module) => known.has(module))) {
    return named.size === layers.length ? named : null;
  }
  if (layers.length !== HEAD_LAYERS.FULLY_CONNECTED.length) return null;
  const inOrder = isOrdered ? layers : onlyChainOf(layers);
  if (inOrder === null) return null;
  return new Map(
    HEAD_LAYERS.FULLY_CONNECTED.flatMap((place, index) => {
      const layer = inOrder[index];
      return layer === undefined ? [] : [[place, layer] as const];
    }),
  );
}

/** The order in which each layer takes the outputs of the one before it; null where there is none, or several. */
function onlyChainOf(layers: readonly DenseModule[]): readonly DenseModule[] | null {
  const chains = layers.flatMap((first) =>
    layers.flatMap((second) =>
      layers.flatMap((third) => {
        const isChain = outputsOf(first) === inputsOf(second) && outputsOf(second) === inputsOf(third);
        const chain = [first, second, third];
        return isChain && new Set(chain).size === layers.length ? [chain] : [];
      }),
    ),
  );
  const [only = null, another] = chains;
  return another === undefined ? only : null;
}

function describe(
  modules: ReadonlyMap<string, DenseModule>,
  [other]: readonly StoredTensor[],
  { isOrdered }: HeadNames,
): string {
  if (other !== undefined) return `its head has another layer, ${quoted(other.name)}`;
  const count = `its head has ${modules.size} dense layers`;
  const isOrderMissing = !isOrdered && modules.size === HEAD_LAYERS.FULLY_CONNECTED.length;
  return isOrderMissing ? `${count}, and neither their names nor their shapes tell their order` : count;
}

function outputsOf({ weight }: DenseModule): number {
  return weight.shape[0] ?? 0;
}

function inputsOf({ weight }: DenseModule): number {
  return weight.shape.slice(1).reduce((product, size) => product * size, 1);
}

/** "classifier.6" of "classifier.6.weight". */
function moduleOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

/** "weight" of "classifier.6.weight". */
function roleOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
