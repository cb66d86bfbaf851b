import { AppError, type ErrorCode } from "../../core/app-error.js";
import type { ImportEvent } from "../../core/dataset-records.js";
import type { RunEvent } from "../../core/run-events.js";
import type { DatasetImporter } from "../../data/dataset-import.js";
import type { RunEventStore } from "../../training/run-event-store.js";
import type { Loaders } from "../loaders.js";
import { abortable } from "./abortable.js";

/** Opens the event streams that subscriptions hand on. */
export class EventStreams {
  constructor(
    private readonly runEvents: RunEventStore,
    private readonly importer: DatasetImporter,
  ) {}

  /** @throws AppError `RUN_NOT_FOUND` */
  async ofRun(
    runId: string,
    after: string | null,
    { loaders }: { readonly loaders: Loaders },
  ): Promise<AsyncIterable<RunEvent>> {
    if ((await loaders.runOrNull.load(runId)) === null)
      throw notFound("RUN_NOT_FOUND", "run", runId, "runId");
    return abortable((signal) => this.runEvents.follow(runId, after, signal));
  }

  /** @throws AppError `DATASET_VERSION_NOT_FOUND` */
  async ofImport(
    versionId: string,
    after: string | null,
    { loaders }: { readonly loaders: Loaders },
  ): Promise<AsyncIterable<ImportEvent>> {
    if ((await loaders.datasetVersionOrNull.load(versionId)) === null) {
      throw notFound("DATASET_VERSION_NOT_FOUND", "data set version", versionId, "datasetVersionId");
    }
    return abortable((signal) => this.importer.follow(versionId, after, signal));
  }
}

function notFound(code: ErrorCode, what: string, id: string, argument: string): AppError {
  return new AppError(code, `There is no ${what} with the id ${JSON.stringify(id)}.`, {
    path: [argument],
  });
}
