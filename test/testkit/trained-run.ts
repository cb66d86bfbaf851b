import { newId } from "../../src/core/ids.js";
import type { RunConfiguration } from "../../src/core/runs/configuration.js";
import { defaultsOf } from "../../src/core/settings/resolution.js";
import { RUN_SETTINGS } from "../../src/core/settings/run-settings.js";
import type { Database } from "../../src/db/database.js";
import { prismaJson } from "../../src/db/prisma-json.js";

/** The smallest network: it runs fast and learns little. */
export const TINY_CONFIGURATION: RunConfiguration = {
  ...defaultsOf(RUN_SETTINGS),
  architecture: "VGG11",
  batchNormalization: true,
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0 },
  optimizer: { kind: "sgd", momentum: 0.9, nesterov: false },
  learningRate: { kind: "constant", initial: 0.01, warmupEpochs: 0 },
  batchSize: 4,
  epochs: 1,
  precision: "FLOAT32",
  seed: 1,
};

export interface TrainedRunRows {
  readonly runId: string;
  readonly datasetVersionId: string;
  readonly classNames: readonly string[];
}

/** Inserts the rows of a finished run without checkpoints, on a ready dataset version "flowers-<random>:1". */
export async function insertTrainedRun(
  database: Database,
  classNames: readonly string[] = ["daisy", "rose", "tulip"],
  configuration: RunConfiguration = TINY_CONFIGURATION,
): Promise<TrainedRunRows> {
  const [datasetId, datasetVersionId] = [newId("dataset"), newId("datasetVersion")];
  const [experimentId, runId] = [newId("experiment"), newId("run")];
  const { prisma } = database;
  await prisma.dataset.create({ data: { id: datasetId, name: `flowers-${datasetId}` } });
  await prisma.datasetVersion.create({
    data: {
      id: datasetVersionId,
      datasetId,
      number: 1,
      status: "READY",
      hash: "a1b2",
      classNames: [...classNames],
      splitSeed: 0,
      validationFraction: 0.15,
      testFraction: 0.15,
      source: {},
    },
  });
  await prisma.experiment.create({ data: { id: experimentId, name: experimentId } });
  await prisma.run.create({
    data: {
      id: runId,
      name: "first",
      experimentId,
      datasetVersionId,
      state: "SUCCEEDED",
      endReason: "COMPLETED",
      configuration: prismaJson(configuration),
      parameterCount: 12345,
    },
  });
  return { runId, datasetVersionId, classNames };
}

/** Inserts the row of a checkpoint. The caller provides the files. */
export async function insertCheckpoint(
  database: Database,
  checkpoint: { runId: string; epoch: number; best: boolean; sha256: string; sizeBytes: number },
): Promise<void> {
  const { epoch } = checkpoint;
  await database.prisma.checkpoint.create({
    data: { id: newId("checkpoint"), ...checkpoint, step: epoch * 10, folder: `epoch-${epoch}` },
  });
}
