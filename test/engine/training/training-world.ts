import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseConfig } from "../../../src/core/config.js";
import type { RunConfigurationInput } from "../../../src/core/runs/configuration.js";
import type { RunEvent } from "../../../src/core/runs/events.js";
import { FolderBlobStore } from "../../../src/data/blobs/folder-blob-store.js";
import { ImageDecoder } from "../../../src/data/images/decoder.js";
import type { Database } from "../../../src/db/database.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { SYSTEM_CLOCK } from "../../../src/lang/clock.js";
import { OwnedResources } from "../../../src/lang/owned-resources.js";
import type { InitialWeights } from "../../../src/registry/initial-weights.js";
import { ModelRegistry } from "../../../src/registry/model-registry.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import type { PrunedNetworks } from "../../../src/registry/pruning/pruned-networks.js";
import { Teachers } from "../../../src/registry/teachers.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import { KernelGradientChooser } from "../../../src/training/attempt/kernel-gradient-chooser.js";
import { PrecisionChooser } from "../../../src/training/attempt/precision-chooser.js";
import { Trainer, type TrainerOptions } from "../../../src/training/attempt/trainer.js";
import { PredictionsKeeper } from "../../../src/training/evaluation/predictions-keeper.js";
import { identifyWorker } from "../../../src/training/lifecycle/worker-identity.js";
import type { RunRecord } from "../../../src/training/record/run-records.js";
import { type Training, trainingOver } from "../../postgres/training/training-stores.js";
import { startTestEngine } from "../../testkit/engine.js";
import { NO_PRUNING } from "../../testkit/files/no-pruning.js";
import { RANDOM_WEIGHTS } from "../../testkit/files/random-weights.js";
import { createTestDatabase, testLog } from "../../testkit/postgres/database.js";
import { insertDrawnImages, shardsOf } from "./drawn-images.js";

/** A tiny network on 50 small images: five steps per epoch, which takes less than a second. */
export const TINY: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { units: 16, dropout: 0.2 },
  batchSize: 10,
  epochs: 4,
  seed: 5,
  precision: "FLOAT32",
};

/** An epoch of 50 steps, which takes a second or longer. */
export const SLOW: RunConfigurationInput = { batchSize: 1, widthMultiplier: 0.5, imageSizePixels: 96 };

/** Training with a real database, the real engine and drawn images, in a temporary folder. */
export interface TrainingWorld extends Training, AsyncDisposable {
  readonly homeFolder: string;
  readonly url: string;
  launchTiny(configuration?: RunConfigurationInput): Promise<RunRecord>;
  startTrainer(choices?: TrainerChoices): Promise<Trainer>;
  /**
   * Starts a process that trains until it is killed, which disposing does.
   *
   * @param environment variables in addition to those of this process
   */
  startTrainerInChild(environment?: NodeJS.ProcessEnv): ChildTrainer;
}

export interface ChildTrainer extends AsyncDisposable {
  /** For example SIGSTOP. */
  signal(name: NodeJS.Signals): void;
}

/** Long enough that it expires only in tests that are about it. */
const LEASE_SECONDS = 60;

export interface TrainerChoices {
  /** The source of initial weights; by default, runs have random weights only. */
  readonly initialWeights?: Pick<InitialWeights, "resolve" | "provide">;
  /** The source of teachers; by default, the models in the folder of the world. */
  readonly teachers?: Pick<Teachers, "find">;
  /** The source of networks to prune; by default, runs prune nothing. */
  readonly prunedNetworks?: Pick<PrunedNetworks, "open">;
  /** The apparent device of the trainer; null: that of this machine. */
  readonly device?: string | null;
  readonly leaseSeconds?: number;
  readonly openEngine?: TrainerOptions["sources"]["openEngine"];
}

export async function openTrainingWorld(): Promise<TrainingWorld> {
  await using opening = new OwnedResources();
  const homeFolder = await mkdtemp(path.join(tmpdir(), "espalier-training-"));
  opening.defer(() => rm(homeFolder, { recursive: true, force: true }));
  const { database, url } = opening.own(await createTestDatabase());
  await insertDrawnImages(database, homeFolder);
  const training = trainingOver(database);
  const owned = opening.move();
  return {
    ...training,
    homeFolder,
    url,
    launchTiny: (configuration = {}) =>
      training.launch({ dataset: "drawn", configuration: { ...TINY, ...configuration } }),
    startTrainer: (choices) => startTrainer(database, homeFolder, choices),
    startTrainerInChild: (environment = {}) => {
      // The files that a killed process leaves in its temporary folder are removed with the folder of the test.
      const env = { ...process.env, TMPDIR: homeFolder, ...environment };
      const child = fork(path.join(import.meta.dirname, "train-in-child.js"), [url, homeFolder], { env });
      const exited = once(child, "exit");
      return {
        signal: (name) => void child.kill(name),
        async [Symbol.asyncDispose]() {
          child.kill("SIGKILL");
          await exited;
        },
      };
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Starts a trainer, as a server does. */
export async function startTrainer(
  database: Database,
  homeFolder: string,
  {
    initialWeights = RANDOM_WEIGHTS,
    teachers = teachersOf(database, homeFolder),
    prunedNetworks = NO_PRUNING,
    device = null,
    leaseSeconds = LEASE_SECONDS,
    openEngine = startTestEngine,
  }: TrainerChoices = {},
): Promise<Trainer> {
  const { queue, interruptions, attempts, runs, datasets } = trainingOver(database);
  const measured = { folder: path.join(homeFolder, "cache"), clock: SYSTEM_CLOCK, log: testLog };
  const trainer = new Trainer({
    stores: { queue, interruptions, attempts, runs, datasets },
    sources: {
      shards: shardsOf(database, homeFolder),
      initialWeights,
      teachers,
      prunedNetworks,
      precisions: new PrecisionChooser(measured),
      kernelGradients: new KernelGradientChooser(measured),
      openEngine,
      product: "espalier test",
    },
    outputs: {
      runsFolder: path.join(homeFolder, "runs"),
      predictions: new PredictionsKeeper(new FolderBlobStore(path.join(homeFolder, "blobs"))),
      encoder: new ImageDecoder(parseConfig({}).limits),
    },
    worker: { identity: identifyWorker(device, process.env), leaseSeconds, crash: null },
    log: testLog,
  });
  await trainer.start();
  return trainer;
}

/** Finds teachers among registered models. An engine runs only while one is looked for. */
export function teachersOf(database: Database, homeFolder: string): Pick<Teachers, "find"> {
  return {
    async find(...search) {
      await using host = await startTestEngine();
      const models = new ModelStore(database);
      return await new Teachers(models, registryOf(database, homeFolder, host)).find(...search);
    },
  };
}

export function registryOf(database: Database, homeFolder: string, host: EngineHost): ModelRegistry {
  return new ModelRegistry({
    models: new ModelStore(database),
    runs: new TrainedRunStore(database),
    host,
    homeFolder,
    log: testLog,
  });
}

/** Reads the events of a run up to the first for which `until` is true, or to the end of the run. */
export async function follow(
  { events }: Training,
  runId: string,
  until: (event: RunEvent) => boolean = () => false,
): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for await (const event of events.follow(runId, null, AbortSignal.timeout(120_000))) {
    seen.push(event);
    if (until(event)) break;
  }
  return seen;
}

/** For `follow`: until the given number of epochs is done. */
export const epochDone =
  (number: number) =>
  (event: RunEvent): boolean =>
    event.kind === "EpochCompleted" && event.epoch.number === number;

export async function runNow({ runs }: Training, runId: string): Promise<RunRecord> {
  const [run] = await runs.find([runId]);
  if (run === undefined) throw new Error(`There is no run ${runId}.`);
  return run;
}

/** Folders of the checkpoints that the run keeps, newest first. */
export async function checkpointFolders(world: TrainingWorld, runId: string): Promise<readonly string[]> {
  const checkpoints = await world.attempts.checkpoints(runId);
  return checkpoints.map(({ folder }) => path.join(world.homeFolder, "runs", runId, "checkpoints", folder));
}

/** Digest of the final weights and optimizer state of the run. */
export async function finalDigest({ runs }: Training, runId: string): Promise<string> {
  const checkpoints = (await runs.checkpoints([runId])).get(runId) ?? [];
  const last = checkpoints.at(-1);
  if (last === undefined) throw new Error(`The run ${runId} kept no checkpoint.`);
  return last.sha256;
}
