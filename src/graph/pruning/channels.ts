import type { ShapedLayer } from "../architectures/layer-table.js";
import { NETWORK_INPUT } from "../layers/layer-graph.js";
import { elementCount } from "../tensor-spec.js";

/** A convolution whose output channels are those of a group. */
export interface GroupedConvolution {
  readonly name: string;
  /** The batch normalization of its output; null: there is none. */
  readonly normalization: string | null;
}

/**
 * Channels that are removed together: the outputs of one convolution, or of several whose outputs meet in additions, so
 * that channel c of each of them is added to channel c of the others.
 */
export interface ChannelGroup {
  /** The name of its first convolution. */
  readonly name: string;
  /** Channels of each of its convolutions. */
  readonly width: number;
  /** In the order of the network. */
  readonly convolutions: readonly GroupedConvolution[];
}

/** An axis of a variable along which the channels of a group lie. */
export interface ChannelAxis {
  readonly axis: number;
  /** The name of the group. */
  readonly group: string;
  /** How often all its channels follow one another: once for each position of a flattened image. */
  readonly repeats: number;
}

/** The channels of a network that can be removed, and where its variables have them. */
export interface NetworkChannels {
  /** In the order of their first convolutions. */
  readonly groups: readonly ChannelGroup[];
  /** By variable; variables without such an axis are left out. */
  readonly axes: ReadonlyMap<string, readonly ChannelAxis[]>;
}

/** The layer that the channels of a value come from: a convolution, a dense layer, or NETWORK_INPUT. */
interface Source {
  readonly origin: string;
  readonly repeats: number;
}

const IMAGE: Source = { origin: NETWORK_INPUT, repeats: 1 };

/**
 * Finds the channels that a network's convolutions produce, and every axis of a variable along which they lie: outputs of
 * the convolution, inputs of the layers that read it, normalizations, and rows of a dense layer behind a flattened image.
 * Outputs of dense layers are no channels.
 */
export function channelsOf(layers: readonly ShapedLayer[]): NetworkChannels {
  const sources = new Map([[NETWORK_INPUT, IMAGE]]);
  const origins = new Origins([NETWORK_INPUT, ...layers.map(({ layer }) => layer.name)]);
  const normalizations = new Map<string, string>();
  const places: { readonly variable: string; readonly axis: number; readonly source: Source }[] = [];

  for (const { layer, inputs, inputShape, variables } of layers) {
    const { name } = layer;
    const [input = IMAGE, ...others] = inputs.map((read) => sources.get(read) ?? IMAGE);
    const own = { origin: name, repeats: 1 };
    switch (layer.kind) {
      case "Conv2D":
        places.push({ variable: `${name}/kernel`, axis: 2, source: input });
        places.push({ variable: `${name}/kernel`, axis: 3, source: own });
        if (layer.useBias) places.push({ variable: `${name}/bias`, axis: 0, source: own });
        sources.set(name, own);
        break;
      case "Dense":
        places.push({ variable: `${name}/kernel`, axis: 0, source: input });
        sources.set(name, own);
        break;
      case "BatchNormalization":
        for (const variable of variables) places.push({ variable: variable.name, axis: 0, source: input });
        for (const read of inputs) normalizations.set(read, name);
        sources.set(name, input);
        break;
      case "Flatten":
        // The channel index changes fastest.
        sources.set(name, { ...input, repeats: input.repeats * elementCount(inputShape.slice(0, -1)) });
        break;
      default:
        for (const other of others) origins.unite(input.origin, other.origin);
        sources.set(name, input);
    }
  }

  const convolutions = layers.flatMap(({ layer }) => (layer.kind === "Conv2D" ? [layer] : []));
  const byGroup = Map.groupBy(convolutions, ({ name }) => origins.firstOf(name));
  // Channels that are added to the image, or to the outputs of a dense layer, stay.
  byGroup.delete(NETWORK_INPUT);
  const groups = Array.from(byGroup, ([name, members]) => ({
    name,
    width: members[0]?.width ?? 0,
    convolutions: members.map((member) => ({
      name: member.name,
      normalization: normalizations.get(member.name) ?? null,
    })),
  }));
  const axes = new Map<string, ChannelAxis[]>();
  for (const { variable, axis, source } of places) {
    const group = origins.firstOf(source.origin);
    if (!byGroup.has(group)) continue;
    const known = axes.get(variable) ?? [];
    axes.set(variable, [...known, { axis, group, repeats: source.repeats }]);
  }
  return { groups, axes };
}

/** Disjoint sets of origins whose channels are the same. */
class Origins {
  readonly #order: ReadonlyMap<string, number>;
  readonly #before = new Map<string, string>();

  /** @param inOrder all origins */
  constructor(inOrder: readonly string[]) {
    this.#order = new Map(inOrder.map((origin, position) => [origin, position]));
  }

  unite(one: string, other: string): void {
    const [a, b] = [this.firstOf(one), this.firstOf(other)];
    if (a === b) return;
    const isInOrder = (this.#order.get(a) ?? 0) < (this.#order.get(b) ?? 0);
    this.#before.set(isInOrder ? b : a, isInOrder ? a : b);
  }

  /** The origin of the set that comes first in the network. */
  firstOf(origin: string): string {
    const before = this.#before.get(origin);
    return before === undefined ? origin : this.firstOf(before);
  }
}
