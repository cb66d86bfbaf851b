import { elementCount } from "../tensor-spec.js";
import type { ChannelAxis, NetworkChannels } from "./channels.js";
import type { VariableValue } from "./scores.js";

/** The channels that each group keeps, in ascending order, by its name. */
export type KeptChannels = ReadonlyMap<string, readonly number[]>;

/** Output channels that are left of each convolution, by its name. */
export function widthsAfter({ groups }: NetworkChannels, kept: KeptChannels): ReadonlyMap<string, number> {
  return new Map(
    groups.flatMap(({ name: group, width, convolutions }) =>
      convolutions.map(({ name }) => [name, kept.get(group)?.length ?? width] as const),
    ),
  );
}

/**
 * The part of a variable that is left when channels are removed: filters, the inputs of those that read them, normalizations, and
 * rows of a dense layer for each position of a removed channel.
 */
export function cutVariable(
  name: string,
  value: VariableValue,
  channels: NetworkChannels,
  kept: KeptChannels,
): VariableValue {
  const axes = channels.axes.get(name) ?? [];
  return axes.reduce((cut, axis) => {
    const staying = kept.get(axis.group);
    return staying === undefined ? cut : takeAlong(cut, axis, staying);
  }, value);
}

function takeAlong(
  { shape, data }: VariableValue,
  { axis, repeats }: ChannelAxis,
  staying: readonly number[],
): VariableValue {
  const size = shape[axis] ?? 0;
  const period = size / repeats;
  const places = Array.from({ length: repeats }, (_, repeat) =>
    staying.map((channel) => repeat * period + channel),
  ).flat();
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  const taken = new Float32Array(outer * places.length * inner);
  let end = 0;
  for (let block = 0; block < outer; block++) {
    for (const place of places) {
      const start = (block * size + place) * inner;
      taken.set(data.subarray(start, start + inner), end);
      end += inner;
    }
  }
  return { shape: shape.with(axis, places.length), data: taken };
}
