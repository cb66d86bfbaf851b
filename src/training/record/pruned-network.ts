import { convolutionWidths, unpruned } from "../../graph/architectures/layer-widths.js";
import { networkOfRun } from "../../graph/architectures/network-spec.js";
import type { RunRecord } from "./run-records.js";

/** A convolution that lost channels. */
export interface PrunedLayerRecord {
  readonly name: string;
  /** Output channels that the architecture gives it. */
  readonly channelsBefore: number;
  readonly channels: number;
}

/** A network without some of the channels of its architecture. */
export interface PrunedNetworkRecord {
  /** In the order of the network. */
  readonly layers: readonly PrunedLayerRecord[];
  /** Filters of all convolutions, as the architecture has them. */
  readonly channelsBefore: number;
  readonly channels: number;
  /** The part that was removed, from 0 to 1. */
  readonly removed: number;
}

/** The channels that the network of a run lacks of its architecture. Null: nothing, or pruning is not decided yet. */
export function prunedNetworkOf({
  configuration,
  layerWidths,
}: Pick<RunRecord, "configuration" | "layerWidths">): PrunedNetworkRecord | null {
  if (layerWidths === null) return null;
  // The classes and the precision do not matter for convolutions.
  const network = networkOfRun(configuration, 1, "FLOAT32", layerWidths);
  const widths = convolutionWidths(network);
  const layers = Array.from(convolutionWidths(unpruned(network)), ([name, channelsBefore]) => {
    return { name, channelsBefore, channels: widths.get(name) ?? channelsBefore };
  });
  const narrower = layers.filter((layer) => layer.channels < layer.channelsBefore);
  if (narrower.length === 0) return null;
  const channelsBefore = layers.reduce((total, layer) => total + layer.channelsBefore, 0);
  const channels = layers.reduce((total, layer) => total + layer.channels, 0);
  return {
    layers: narrower,
    channelsBefore,
    channels,
    removed: 1 - channels / channelsBefore,
  };
}
