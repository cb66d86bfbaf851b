import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { LayerWidths } from "../../core/runs/layer-widths.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { shapedLayersOf } from "../../graph/architectures/layer-table.js";
import { describeWidths } from "../../graph/architectures/layer-widths.js";
import { countParameters, networkOfRun } from "../../graph/architectures/network-spec.js";
import { channelsOf } from "../../graph/pruning/channels.js";
import { type KeptChannels, widthsAfter } from "../../graph/pruning/cut.js";
import type { OwnedResources } from "../../lang/owned-resources.js";
import { whenMissing } from "../../lang/system-errors.js";
import type { InitialVariables } from "../../registry/initial-weights.js";
import {
  cutWeights,
  networkBefore,
  type PruningSource,
  weightsBefore,
} from "../../registry/pruning/pruned-networks.js";
import { type WantedWeights, wantedWeights } from "../../registry/weights/wanted-weights.js";
import { chooseChannels } from "../pruning/choose-channels.js";
import type { RunRecord } from "../record/run-records.js";
import type { RunTrainingOptions } from "./options.js";
import type { PreparationWatch } from "./preparation.js";

/** The network that a run is left with. */
export interface PreparedPruning {
  readonly source: PruningSource;
  readonly kept: KeptChannels;
  readonly layerWidths: LayerWidths;
}

/** Folders of weights begin with it, and end with the number of the attempt that wrote them. */
const WEIGHTS_FOLDER = "pruned-weights-";

/**
 * Decides what a run prunes, unless an earlier attempt did, and records it, so that every attempt trains the same network
 * from the same weights.
 *
 * @returns null for a run that prunes nothing
 * @throws AppError as `PrunedNetworks.open`, `weightsBefore`, `TensorShards.open` and `chooseChannels` do
 */
export async function preparePruning(
  { stores, sources }: Pick<RunTrainingOptions, "stores" | "sources">,
  run: RunRecord,
  { classNames, engine }: { readonly classNames: readonly string[]; readonly engine: EngineHost },
  { onProgress, signal }: PreparationWatch,
): Promise<PreparedPruning | null> {
  const { id: runId, attempt, configuration, datasetVersionId } = run;
  const { pruning, batchSize, accumulationSteps, imageSizePixels } = configuration;
  if (pruning === null) return null;
  const source = await sources.prunedNetworks.open(pruning);
  const run32 = networkOfRun(configuration, classNames.length, "FLOAT32");
  const network = networkBefore(run32, source);
  const choose = (): Promise<KeptChannels> =>
    chooseChannels(
      {
        pruning,
        network,
        folder: source.folder,
        weights: weightsBefore(source, wantedWeights(configuration, run32, classNames)),
        microBatchSize: Math.ceil(batchSize / accumulationSteps),
        openImages: () => sources.shards.open(datasetVersionId, imageSizePixels, onProgress, signal),
        onProgress,
        signal,
      },
      engine,
    );
  const decided = await stores.attempts.keptChannels(runId);
  const kept = decided ?? (await choose());
  const widths = widthsAfter(channelsOf(shapedLayersOf(network)), kept);
  const layerWidths = describeWidths(network, widths) ?? {};
  if (decided === null) {
    const parameterCount = countParameters({ ...network, layerWidths });
    await stores.attempts.recordPruning(
      { runId, attempt },
      { keptChannels: kept, layerWidths, parameterCount },
    );
  }
  return { source, kept, layerWidths };
}

/**
 * Writes the weights that a pruned run starts from into a folder of the attempt, which the owner removes.
 *
 * @param wanted with the network that is left
 */
export async function providePruned(
  { source, kept }: PreparedPruning,
  wanted: WantedWeights,
  engine: EngineHost,
  { runFolder, attempt, owner }: { runFolder: string; attempt: number; owner: OwnedResources },
): Promise<InitialVariables> {
  await removePrunedWeights(runFolder); // Removes those of an attempt whose process died.
  const folder = path.join(runFolder, `${WEIGHTS_FOLDER}${attempt}`);
  owner.defer(() => rm(folder, { recursive: true, force: true }));
  return cutWeights(source, kept, wanted, engine, folder);
}

/** Removes what the attempts of a run start from. */
export async function removePrunedWeights(runFolder: string): Promise<void> {
  for (const name of await readdir(runFolder).catch(whenMissing([]))) {
    if (name.startsWith(WEIGHTS_FOLDER))
      await rm(path.join(runFolder, name), { recursive: true, force: true });
  }
}
