import type { ImportEvent } from "../../core/dataset-records.js";
import type { RunEvent } from "../../core/runs/events.js";
import type { DatasetImporter } from "../../data/imports/dataset-import.js";
import type { ExportEvent } from "../../exports/jobs/export-records.js";
import type { ModelExporter } from "../../exports/jobs/model-exporter.js";
import { abortable } from "../../lang/abortable.js";
import type { RunEventStore } from "../../training/events/event-store.js";

/** Opens the event streams of subscriptions. */
export class EventStreams {
  constructor(
    private readonly runEvents: RunEventStore,
    private readonly importer: DatasetImporter,
    private readonly exporter: ModelExporter,
  ) {}

  /** Its first step throws AppError `RUN_NOT_FOUND` or `CURSOR_INVALID`. */
  ofRun(runId: string, after: string | null): AsyncIterable<RunEvent> {
    return abortable((signal) => this.runEvents.follow(runId, after, signal));
  }

  /** Its first step throws AppError `DATASET_VERSION_NOT_FOUND` or `CURSOR_INVALID`. */
  ofImport(versionId: string, after: string | null): AsyncIterable<ImportEvent> {
    return abortable((signal) => this.importer.follow(versionId, after, signal));
  }

  /** Its first step throws AppError `EXPORT_NOT_FOUND` or `CURSOR_INVALID`. */
  ofExport(exportId: string, after: string | null): AsyncIterable<ExportEvent> {
    return abortable((signal) => this.exporter.follow(exportId, after, signal));
  }
}
