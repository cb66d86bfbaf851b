import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { restoreCheckpoint } from "../../engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { IMAGE_CHANNELS } from "../../graph/architectures/preprocessing.js";
import { buildFoldedGraph } from "../../graph/folding/folded-graph.js";
import { NETWORK_INPUT } from "../../graph/layers/layer-graph.js";
import type { ActivationRanges, ValueRange } from "./activation-ranges.js";
import type { ExportedNetwork } from "./exported-network.js";
import { writeFoldedCheckpoint } from "./folded-checkpoint.js";

/** Images as the engine takes them: uint8 [count, size, size, 3]. */
export interface ImageBatch {
  readonly count: number;
  readonly pixels: Uint8Array;
}

/** Measures the ranges of a network's activations on calibration images. */
export async function calibrate(
  host: EngineHost,
  network: ExportedNetwork,
  batches: AsyncIterable<ImageBatch>,
  workFolder: string,
): Promise<ActivationRanges> {
  const checkpoint = path.join(workFolder, "calibration");
  await writeFoldedCheckpoint(host, network, checkpoint);
  await using session = await host.openGraph(buildFoldedGraph(network.spec));
  await restoreCheckpoint(session, checkpoint);
  const size = network.imageSizePixels;
  const names = [NETWORK_INPUT, ...network.layers.map(({ name }) => name)];
  const ranges = new Map<string, ValueRange>();
  for await (const { count, pixels } of batches) {
    const { minima, maxima } = await session.run("ranges", {
      images: { dtype: "uint8", shape: [count, size, size, IMAGE_CHANNELS], data: pixels },
    });
    for (const [index, name] of names.entries()) {
      const minimum = Number(minima?.data[index]);
      const maximum = Number(maxima?.data[index]);
      if (!Number.isFinite(minimum) || !Number.isFinite(maximum)) {
        throw new AppError(
          "WEIGHTS_NOT_FINITE",
          `The layer "${name}" must give finite values for the calibration images. Received values from ${minimum} to ` +
            `${maximum}. The run has diverged: register another run.`,
        );
      }
      const known = ranges.get(name);
      ranges.set(name, {
        minimum: Math.min(minimum, known?.minimum ?? minimum),
        maximum: Math.max(maximum, known?.maximum ?? maximum),
      });
    }
  }
  return ranges;
}
