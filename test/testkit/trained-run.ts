import { newId } from "../../src/core/ids.js";
import type { RunConfiguration } from "../../src/core/run-configuration.js";
import type { Database } from "../../src/db/database.js";
import { PLAIN_CONFIGURATION } from "./plain-training.js";

/** The smallest network there is: good for wiring, not for learning. */
export const TINY_CONFIGURATION: RunConfiguration = {
  architecture: "VGG11",
  batchNormalization: true,
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0 },
  preprocessing: "SCALE_0_1",
  optimizer: { kind: "sgd", momentum: 0.9, nesterov: false },
  learningRate: { kind: "constant", initial: 0.01, warmupEpochs: 0 },
  batchSize: 4,
  epochs: 1,
  precision: "FLOAT32",
  earlyStopping: null,
  monitor: "VALIDATION_TOP1",
  seed: 1,
  ...PLAIN_CONFIGURATION,
};

export interface TrainedRunRows {
  readonly runId: string;
  readonly datasetVersionId: string;
  readonly classNames: readonly string[];
}

/** Rows of a finished run on a ready dataset version "flowers-<random>:1", without any checkpoint. */
export async function insertTrainedRun(
  database: Database,
  classNames: readonly string[] = ["daisy", "rose", "tulip"],
  configuration: RunConfiguration = TINY_CONFIGURATION,
): Promise<TrainedRunRows> {
  const { pool } = database;
  const [datasetId, datasetVersionId] = [newId("dataset"), newId("datasetVersion")];
  const [experimentId, runId] = [newId("experiment"), newId("run")];
  await pool.query(`insert into dataset (id, name) values ($1, $2)`, [datasetId, `flowers-${datasetId}`]);
  await pool.query(
    `insert into dataset_version (id, dataset_id, number, status, hash, class_names, split_seed,
       validation_fraction, test_fraction, source)
     values ($1, $2, 1, 'READY', 'a1b2', $3, 0, 0.15, 0.15, '{}')`,
    [datasetVersionId, datasetId, classNames],
  );
  await pool.query(`insert into experiment (id, name) values ($1, $2)`, [experimentId, experimentId]);
  await pool.query(
    `insert into run (id, name, experiment_id, dataset_version_id, state, end_reason, configuration, parameter_count)
     values ($1, 'first', $2, $3, 'SUCCEEDED', 'COMPLETED', $4, 12345)`,
    [runId, experimentId, datasetVersionId, configuration],
  );
  return { runId, datasetVersionId, classNames };
}

/** The row of a checkpoint; the files are the caller's. */
export async function insertCheckpoint(
  database: Database,
  checkpoint: { runId: string; epoch: number; best: boolean; sha256: string; sizeBytes: number },
): Promise<void> {
  await database.pool.query(
    `insert into checkpoint (id, run_id, epoch, step, best, size_bytes, sha256, folder)
     values ($1, $2, $3, $3 * 10, $4, $5, $6, 'epoch-' || $3::int)`,
    [
      newId("checkpoint"),
      checkpoint.runId,
      checkpoint.epoch,
      checkpoint.best,
      checkpoint.sizeBytes,
      checkpoint.sha256,
    ],
  );
}
