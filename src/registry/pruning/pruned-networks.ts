import path from "node:path";
import type { Pruning } from "../../core/runs/configuration.js";
import type { InitializationReport } from "../../core/runs/initialization-report.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import { CheckpointReader } from "../../engine/checkpoints/checkpoint-reader.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { networkVariables, shapedLayersOf } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import { channelsOf } from "../../graph/pruning/channels.js";
import { cutVariable, type KeptChannels } from "../../graph/pruning/cut.js";
import type { ModelManifest } from "../model-manifest.js";
import type { ModelVersionRecord } from "../model-records.js";
import { modelVersionName } from "../model-ref.js";
import type { ModelRegistry } from "../model-registry.js";
import type { ModelStore } from "../model-store.js";
import { modelVersionNotFound } from "../model-version-not-found.js";
import { type FittedWeights, fitWeights } from "../weights/fit-weights.js";
import type { InitialVariables } from "../weights/initial-variables.js";
import { reportOf } from "../weights/report.js";
import { writeVariableCheckpoint } from "../weights/variable-checkpoint.js";
import { offeredBy, preprocessingWarnings } from "../weights/version-weights.js";
import type { WantedWeights } from "../weights/wanted-weights.js";
import { checkCriterion, checkSameNetwork, limitWarnings } from "./check-pruning.js";

/** The decision about what a run prunes, which it keeps. */
export interface ResolvedPruning {
  readonly pruning: Pruning;
  /** Null where the run keeps no weights. */
  readonly report: InitializationReport | null;
  /** For the owner of the run. */
  readonly warnings: readonly RunWarning[];
}

/** A model version that is pruned. */
export interface PruningSource {
  readonly version: ModelVersionRecord;
  readonly manifest: ModelManifest;
  /** The folder of its checkpoint, which holds `variables.index`. */
  readonly folder: string;
}

const INPUT_PATH = ["configuration", "pruning"];

/** Finds the networks that runs prune, and removes channels from them. */
export class PrunedNetworks {
  readonly #models: ModelStore;
  readonly #registry: ModelRegistry;

  constructor({ models, registry }: { models: ModelStore; registry: ModelRegistry }) {
    this.#models = models;
    this.#registry = registry;
  }

  /**
   * Called at launch. Checks that the run can prune the version, and names it so that a moved alias does not change the
   * run.
   *
   * @param pruning as it was asked for
   * @throws AppError with a path below `configuration.pruning`: `CONFIGURATION_INVALID`, `MODEL_VERSION_NOT_FOUND`,
   *   `MODEL_DAMAGED`, `WEIGHTS_MISMATCH`
   */
  async resolve(pruning: Pruning, wanted: WantedWeights): Promise<ResolvedPruning> {
    const fromPath = [...INPUT_PATH, "from"];
    const source = await this.#find(pruning.from, fromPath);
    const { version, manifest } = source;
    const from = modelVersionName(version);
    checkSameNetwork(wanted.network, manifest.network, from, fromPath);
    checkCriterion(pruning.criterion, manifest.network, [...INPUT_PATH, "criterion"]);
    const network = networkBefore(wanted.network, source);
    const warnings = limitWarnings(pruning, network, [...INPUT_PATH, "channels"]);
    const offered = offeredBy(version, manifest);
    const fitted = fitWeights(network, offered, wanted.classNames);
    return {
      pruning: { ...pruning, from },
      report: pruning.keepsWeights ? reportOf(from, wanted, offered, fitted) : null,
      warnings: [
        ...warnings,
        ...preprocessingWarnings(`The weights of ${from}`, manifest.network.preprocessing, wanted.network),
      ],
    };
  }

  /**
   * Called when a run is prepared.
   *
   * @throws AppError `MODEL_VERSION_NOT_FOUND`, `MODEL_DAMAGED`
   */
  open({ from }: Pruning): Promise<PruningSource> {
    return this.#find(from, []);
  }

  async #find(ref: string, inputPath: readonly string[]): Promise<PruningSource> {
    const version = await this.#models.findVersionByRef(ref);
    if (version === null) throw await modelVersionNotFound(this.#models, ref, inputPath);
    const { folder, manifest } = await this.#registry.read(version);
    return { version, manifest, folder: path.join(folder, "variables") };
  }
}

/** The network of a run before channels are removed: that of the source, with the run's classes and images. */
export function networkBefore<Network extends NetworkSpec>(
  network: Network,
  { manifest }: PruningSource,
): Network {
  return { ...network, layerWidths: manifest.network.layerWidths };
}

/**
 * The weights that a run takes from its source before channels are removed.
 *
 * @throws AppError `WEIGHTS_MISMATCH`
 */
export function weightsBefore(source: PruningSource, wanted: WantedWeights): FittedWeights {
  const { version, manifest } = source;
  return fitWeights(networkBefore(wanted.network, source), offeredBy(version, manifest), wanted.classNames);
}

/**
 * Removes channels from the weights of a version.
 *
 * @param wanted with the network that is left
 * @param folder receives the checkpoint
 * @throws AppError `WEIGHTS_MISMATCH`
 */
export async function cutWeights(
  { version, manifest, folder: from }: PruningSource,
  kept: KeptChannels,
  wanted: WantedWeights,
  host: EngineHost,
  folder: string,
): Promise<InitialVariables> {
  const { network } = manifest;
  const { layerWidths } = wanted.network;
  const offered = offeredBy(version, { ...manifest, network: { ...network, layerWidths } });
  const { copied, classes } = fitWeights(wanted.network, offered, wanted.classNames);
  const channels = channelsOf(shapedLayersOf(network));
  const whole = new Map(networkVariables(network).map(({ name, shape }) => [name, shape]));
  await using reader = await CheckpointReader.open(host, path.join(from, "variables"));
  const read = async ({ name }: { readonly name: string }): Promise<Float32Array> => {
    const value = { shape: whole.get(name) ?? [], data: await reader.read(name) };
    return cutVariable(name, value, channels, kept).data;
  };
  const assigned = copied.map((name) => ({ name, shape: offered.variables.get(name)?.shape ?? [] }));
  await writeVariableCheckpoint(host, assigned, read, folder);
  return { folder, variables: copied, classes, report: null };
}
