import { AppError } from "../../core/app-error.js";
import type { LayerWidths } from "../../core/runs/layer-widths.js";
import { channelsOf } from "../pruning/channels.js";
import type { NetworkShape } from "./architecture.js";
import { shapedLayersOf } from "./layer-table.js";
import { layersOf } from "./registry.js";

/** Output channels of every convolution, by its name and in the order of the network. */
export function convolutionWidths(network: NetworkShape): ReadonlyMap<string, number> {
  return new Map(
    layersOf(network).flatMap(({ layer }) => (layer.kind === "Conv2D" ? [[layer.name, layer.width]] : [])),
  );
}

/** The network as its architecture describes it, without pruning. */
export function unpruned<Network extends NetworkShape>(network: Network): Network {
  return { ...network, layerWidths: null };
}

/**
 * Widths of all convolutions as a network's description has them: only those that differ from the architecture's.
 *
 * @param widths of convolutions that change; the others keep those of the network
 */
export function describeWidths(
  network: NetworkShape,
  widths: ReadonlyMap<string, number>,
): LayerWidths | null {
  const own = convolutionWidths(network);
  const differing = Array.from(convolutionWidths(unpruned(network))).flatMap(([name, published]) => {
    const width = widths.get(name) ?? own.get(name) ?? published;
    return width === published ? [] : [[name, width] as const];
  });
  return differing.length === 0 ? null : Object.fromEntries(differing);
}

/**
 * @throws AppError `NETWORK_INVALID` for a width of a layer that is no convolution, for one that is not from 1 to the
 *   architecture's, and for different widths of convolutions whose outputs are added
 */
export function checkLayerWidths(network: NetworkShape): void {
  const { layerWidths } = network;
  if (layerWidths == null) return;
  const published = convolutionWidths(unpruned(network));
  const { architecture } = network;
  for (const [name, width] of Object.entries(layerWidths)) {
    const limit = published.get(name);
    if (limit === undefined) {
      throw invalid(
        [name],
        `layerWidths must name convolutions of ${architecture}. Received ${JSON.stringify(name)}.`,
      );
    }
    if (!Number.isInteger(width) || width < 1 || width > limit) {
      const range = `a whole number from 1 to ${limit}, the width that ${architecture} gives it`;
      throw invalid([name], `layerWidths.${name} must be ${range}. Received ${JSON.stringify(width)}.`);
    }
  }
  const widths = convolutionWidths(network);
  for (const { convolutions } of channelsOf(shapedLayersOf(unpruned(network))).groups) {
    const found = new Set(convolutions.map(({ name }) => widths.get(name)));
    if (found.size <= 1) continue;
    const names = convolutions.map(({ name }) => `${name}: ${widths.get(name)}`).join(", ");
    throw invalid(
      [],
      `layerWidths must give convolutions whose outputs are added one width. Received ${names}.`,
    );
  }
}

function invalid(path: readonly string[], message: string): AppError {
  return new AppError("NETWORK_INVALID", `A network's ${message}`, { path: ["layerWidths", ...path] });
}
