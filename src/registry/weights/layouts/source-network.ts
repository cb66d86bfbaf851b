import { convolutionWidths, unpruned } from "../../../graph/architectures/layer-widths.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";

/** The network that a file of weights looks like. */
export interface SourceNetwork {
  readonly network: NetworkSpec;
  /** Null where its convolutions have the widths of no multiplier. */
  readonly widthMultiplier: number | null;
}

/**
 * @param network the architecture and its layers
 * @param widths output channels of its convolutions in the file, by the names of the layers
 */
export function sourceNetworkOf(network: NetworkSpec, widths: ReadonlyMap<string, number>): SourceNetwork {
  const published = [...convolutionWidths({ ...unpruned(network), widthMultiplier: 1 })];
  const [first] = published;
  const multiplier = first === undefined ? 1 : (widths.get(first[0]) ?? 0) / first[1];
  const multiplied =
    multiplier > 0 ? [...convolutionWidths({ ...unpruned(network), widthMultiplier: multiplier })] : [];
  const regular = multiplied.length > 0 && multiplied.every(([name, width]) => widths.get(name) === width);
  return { network, widthMultiplier: regular ? multiplier : null };
}

/** For people: "VGG11 with batch normalization, width 0.25, prefix `module.`". */
export function describeSource(
  { network, widthMultiplier }: SourceNetwork,
  prefix: string | null = null,
): string {
  return [
    describeArchitecture(network),
    widthMultiplier === null ? "other widths" : `width ${widthMultiplier}`,
    ...(network.layerWidths == null ? [] : ["pruned"]),
    ...(prefix === null ? [] : [`prefix \`${prefix}\``]),
  ].join(", ");
}

export function describeArchitecture({
  architecture,
  batchNormalization,
}: Pick<NetworkSpec, "architecture" | "batchNormalization">): string {
  return `${architecture} ${batchNormalization ? "with" : "without"} batch normalization`;
}
