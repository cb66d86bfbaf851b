import { createHash, randomUUID } from "node:crypto";
import { newId } from "../../../src/core/ids.js";
import { DatasetStore } from "../../../src/data/versions/dataset-store.js";
import type { Database } from "../../../src/db/database.js";
import { SYSTEM_CLOCK } from "../../../src/lang/clock.js";
import type { InitialWeights } from "../../../src/registry/initial-weights.js";
import type { PrunedNetworks } from "../../../src/registry/pruning/pruned-networks.js";
import type { Teachers } from "../../../src/registry/teachers.js";
import {
  type FinishedEpoch,
  type Replaced,
  RunAttemptStore,
} from "../../../src/training/attempt/attempt-store.js";
import { EvaluationStore } from "../../../src/training/evaluation/evaluation-store.js";
import { RunEventStore } from "../../../src/training/events/event-store.js";
import type { RunAttempt } from "../../../src/training/lifecycle/attempt.js";
import { RunControlStore } from "../../../src/training/lifecycle/control-store.js";
import { RunInterruptionStore } from "../../../src/training/lifecycle/interruption-store.js";
import { RunLaunchStore } from "../../../src/training/lifecycle/launch-store.js";
import { type LaunchRun, RunLauncher } from "../../../src/training/lifecycle/launcher.js";
import { type Lease, RunQueueStore } from "../../../src/training/lifecycle/queue-store.js";
import { RunStateStore } from "../../../src/training/lifecycle/state-store.js";
import { ArtifactStore } from "../../../src/training/record/artifact-store.js";
import { CheckpointStore } from "../../../src/training/record/checkpoint-store.js";
import { ExperimentStore } from "../../../src/training/record/experiment-store.js";
import { MetricStore } from "../../../src/training/record/metric-store.js";
import type { RunRecord } from "../../../src/training/record/run-records.js";
import { RunStore } from "../../../src/training/record/run-store.js";
import { epochRecord } from "../../pure/training/epoch-record.js";
import { NO_PRUNING } from "../../testkit/files/no-pruning.js";
import { NO_TEACHERS } from "../../testkit/files/no-teachers.js";
import { RANDOM_WEIGHTS } from "../../testkit/files/random-weights.js";
import { createTestDatabase } from "../../testkit/postgres/database.js";

/**
 * Every part of training that needs no engine.
 *
 * @param initialWeights where runs find their first weights
 * @param machine what it seems to run on
 * @param teachers where runs find their teachers
 * @param prunedNetworks where runs find networks to prune
 */
export function trainingOver(
  database: Database,
  initialWeights: Pick<InitialWeights, "resolve"> = RANDOM_WEIGHTS,
  machine: { readonly hasGpu: boolean } = { hasGpu: false },
  teachers: Pick<Teachers, "find"> = NO_TEACHERS,
  prunedNetworks: Pick<PrunedNetworks, "resolve"> = NO_PRUNING,
) {
  const events = new RunEventStore(database);
  const states = new RunStateStore(events);
  const metrics = new MetricStore(database);
  const experiments = new ExperimentStore(database);
  const runs = new RunStore(database);
  const datasets = new DatasetStore(database);
  const artifacts = new ArtifactStore(database);
  const evaluations = new EvaluationStore(database, artifacts);
  const checkpoints = new CheckpointStore(database, events);
  const launcher = new RunLauncher({
    launches: new RunLaunchStore(database, experiments, events),
    datasets,
    initialWeights,
    teachers,
    prunedNetworks,
    hasGpu: machine.hasGpu,
    memoryBytes: 64 * 1024 ** 3,
    clock: SYSTEM_CLOCK,
  });
  return {
    database,
    events,
    states,
    metrics,
    experiments,
    runs,
    datasets,
    artifacts,
    evaluations,
    launcher,
    control: new RunControlStore(database, states, SYSTEM_CLOCK),
    queue: new RunQueueStore(database, states),
    attempts: new RunAttemptStore(database, { states, events, metrics, checkpoints, evaluations, artifacts }),
    interruptions: new RunInterruptionStore(database, states, events),
    launch: (request: Partial<LaunchRun> = {}) => launcher.launch({ ...LAUNCH, ...request }),
  };
}

export type Training = ReturnType<typeof trainingOver>;

/** {@link trainingOver} a new database, which is dropped with it. */
export async function openTraining(): Promise<Training & AsyncDisposable> {
  const owned = await createTestDatabase();
  return { ...trainingOver(owned.database), [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

const LAUNCH: LaunchRun = {
  experiment: "trees",
  dataset: "flowers",
  name: null,
  configuration: {
    architecture: "VGG11",
    widthMultiplier: 0.0625,
    imageSizePixels: 32,
    batchSize: 2,
    epochs: 3,
  },
  priority: 0,
  idempotencyKey: null,
};

export interface VersionSeed {
  readonly dataset?: string;
  readonly status?: "READY" | "IMPORTING";
  readonly classNames?: readonly string[];
  readonly splits?: readonly ("TRAIN" | "VALIDATION" | "TEST")[];
  /** By position; by default "0.png" and so on. */
  readonly sourceNames?: readonly string[];
}

/** A dataset version without image files. @returns its id */
export async function insertVersion(database: Database, seed: VersionSeed = {}): Promise<string> {
  const { dataset = "flowers", status = "READY", classNames = ["daisy", "rose"] } = seed;
  const { splits = ["TRAIN", "TRAIN", "TRAIN", "VALIDATION", "TEST"] } = seed;
  return database.transaction(async ({ prisma }) => {
    const { id: datasetId } = await prisma.dataset.upsert({
      where: { name: dataset },
      create: { id: newId("dataset"), name: dataset },
      update: {},
    });
    const versionId = newId("datasetVersion");
    await prisma.datasetVersion.create({
      data: {
        id: versionId,
        datasetId,
        number: 1 + (await prisma.datasetVersion.count({ where: { datasetId } })),
        status,
        hash: createHash("md5").update(versionId).digest("hex"),
        classNames: [...classNames],
        splitSeed: 0,
        validationFraction: 0.2,
        testFraction: 0.2,
        sampleCount: splits.length,
        source: {},
      },
    });
    await prisma.sample.createMany({
      data: splits.map((split, position) => ({
        id: newId("sample"),
        versionId,
        position,
        classIndex: position % 2,
        split,
        sourceName: seed.sourceNames?.[position] ?? `${position}.png`,
        contentHash: `${position}.png`,
        widthPixels: 8,
        heightPixels: 8,
      })),
    });
    return versionId;
  });
}

/** A lease for claiming runs. By default it has a device of its own and so waits for no other worker. */
export function leaseOf(device: string = randomUUID()): Lease {
  return { workerId: `worker of ${device}`, device, seconds: 60 };
}

/** Takes all runs away from their workers, as if the workers were dead. */
export function loseAll({ interruptions }: Training): Promise<readonly RunAttempt[]> {
  return interruptions.interruptLost(() => true, 60, null, new Date());
}

/** Takes the next run off the queue and brings it to RUNNING, as a trainer does. */
export async function startNext(
  { queue, attempts }: Training,
  lease: Lease = leaseOf(),
): Promise<RunAttempt & { run: RunRecord }> {
  const run = await queue.claim(lease, new Date());
  if (run === null) throw new Error("The queue is empty.");
  const attempt = { runId: run.id, attempt: run.attempt };
  await attempts.start(attempt, { epoch: 0, step: 0, stepsPerEpoch: 2, warnings: [] }, new Date());
  return { ...attempt, run };
}

/** Ends the epoch with these figures; every epoch has two steps. */
export function finishEpoch(
  { attempts }: Training,
  attempt: RunAttempt,
  figures: Parameters<typeof epochRecord>[0] & { readonly number: number },
  improved = true,
  {
    sha256 = `${figures.number}`,
    ...outputs
  }: Pick<FinishedEpoch, "evaluation" | "artifacts"> & { readonly sha256?: string } = {
    evaluation: null,
    artifacts: [],
  },
): Promise<Replaced> {
  const { number } = figures;
  const step = number * 2;
  const checkpoint = {
    epoch: number,
    step,
    position: null,
    sizeBytes: 10,
    sha256,
    folder: `epoch-${number}`,
  };
  return attempts.finishEpoch(
    { runId: attempt.runId, attempt: attempt.attempt },
    { epoch: epochRecord(figures), step, improved, checkpoint, ...outputs },
    new Date(),
  );
}

/** Brings a running attempt to its end. */
export async function succeed({ attempts }: Training, { runId, attempt }: RunAttempt): Promise<void> {
  const end = { from: "RUNNING", to: "SUCCEEDED", reason: "COMPLETED", detail: null } as const;
  await attempts.end({ runId, attempt }, end, new Date());
}
