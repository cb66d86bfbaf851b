import type { Architecture, HeadKind } from "../../core/enumerations.js";
import type { Head } from "../../core/runs/configuration.js";
import type { LayerWidths } from "../../core/runs/layer-widths.js";
import type { PlacedLayer } from "../layers/layer-graph.js";

/** The settings that decide a network's layers. */
export interface NetworkShape {
  readonly architecture: Architecture;
  readonly batchNormalization: boolean;
  /** Multiplies the width of every convolution; 1 is the published network. */
  readonly widthMultiplier: number;
  /** Height and width of the square images. */
  readonly imageSizePixels: number;
  readonly head: Head;
  readonly classCount: number;
  /** Widths of a pruned network; null or absent: all layers have the architecture's widths. */
  readonly layerWidths?: LayerWidths | null | undefined;
}

/** Everything that the product knows about an architecture. */
export interface ArchitectureDefinition {
  /** Stages before the head, each of which can be frozen together with those before it. */
  readonly stageCount: number;
  readonly minImageSizePixels: number;
  /** The kinds of head that it may have. */
  readonly heads: readonly [HeadKind, ...HeadKind[]];
  /** Whether batch normalization is a setting, or a part of every network. */
  readonly batchNormalization: "optional" | "always";
  /** Defaults of settings, where those of the settings' table do not fit. */
  readonly defaults: {
    readonly batchNormalization?: boolean;
    readonly head?: Partial<Pick<Head, "kind" | "dropout">>;
  };
  /** Whether Keras has the same network, so that its files of weights can be imported. */
  readonly inKeras: boolean;
  /**
   * The layers from image to logits, in an order in which each follows those that it reads, with the widths of the
   * architecture; `layersOf` applies those of the network.
   */
  layers(network: NetworkShape): readonly PlacedLayer[];
}

/** The width of a layer after multiplication: a whole number of at least 1. */
export function multipliedWidth(width: number, { widthMultiplier }: NetworkShape): number {
  return Math.max(1, Math.round(width * widthMultiplier));
}
