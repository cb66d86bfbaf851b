import { readRunEnvironment } from "../core/run-environment.js";
import { readRunConfiguration } from "../core/settings/stored-configuration.js";
import type { Database } from "../db/database.js";
import type { TrainedRun } from "./model-records.js";

/** Reads the part of a run that the registry needs, so that it does not depend on training. */
export class TrainedRunStore {
  constructor(private readonly database: Database) {}

  /**
   * Null when there is no such run.
   *
   * @throws AppError `CONFIGURATION_UNREADABLE`
   */
  async find(runId: string): Promise<TrainedRun | null> {
    const run = await this.database.prisma.run.findUnique({
      where: { id: runId },
      select: {
        id: true,
        configuration: true,
        environment: true,
        parameterCount: true,
        datasetVersion: {
          select: {
            id: true,
            number: true,
            hash: true,
            classNames: true,
            dataset: { select: { name: true } },
          },
        },
        checkpoints: {
          where: { best: true },
          orderBy: { epoch: "desc" },
          take: 1,
          select: { epoch: true, folder: true, sha256: true },
        },
      },
    });
    if (run === null) return null;
    const { datasetVersion: version, checkpoints } = run;
    const environment = readRunEnvironment(run.environment);
    return {
      id: run.id,
      configuration: readRunConfiguration(run.configuration),
      precision: environment?.precision ?? "FLOAT32",
      parameterCount: Number(run.parameterCount),
      datasetVersionId: version.id,
      datasetRef: `${version.dataset.name}:${version.number}`,
      datasetHash: version.hash,
      classNames: version.classNames,
      bestCheckpoint: checkpoints[0] ?? null,
    };
  }
}
