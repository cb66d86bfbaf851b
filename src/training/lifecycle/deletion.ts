import { rm } from "node:fs/promises";
import path from "node:path";
import type { Log } from "../../telemetry/log.js";
import type { EvaluationStore } from "../evaluation/evaluation-store.js";
import type { PredictionsKeeper } from "../evaluation/predictions-keeper.js";
import type { DeletedRun, RunDeletionStore } from "./deletion-store.js";

export interface RunDeletionOptions {
  readonly deletions: RunDeletionStore;
  readonly evaluations: Pick<EvaluationStore, "removeUnnamed">;
  readonly predictions: Pick<PredictionsKeeper, "remove">;
  /** Folder with the folders of all runs. */
  readonly runsFolder: string;
  readonly log: Log;
}

/** Deletes runs, their rows before their files. A crash between the two leaves files that no row names. */
export class RunDeletion {
  constructor(private readonly options: RunDeletionOptions) {}

  /** @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`, `RUN_HAS_DEPENDENTS` */
  async delete(runId: string): Promise<void> {
    await this.#removeFiles(await this.options.deletions.delete(runId));
  }

  /** Removes files that a crash left after their runs were deleted. Called at start. */
  async recover(): Promise<void> {
    for (const deleted of await this.options.deletions.list()) await this.#removeFiles(deleted);
  }

  /** Deletes a run. Files that cannot be removed now are removed at a later start. */
  async #removeFiles({ runId, predictions }: DeletedRun): Promise<void> {
    const { deletions, evaluations, predictions: keeper, runsFolder, log } = this.options;
    try {
      await rm(path.join(runsFolder, runId), { recursive: true, force: true });
      for (const sha256 of predictions) {
        await evaluations.removeUnnamed(sha256, (unnamed) => keeper.remove(unnamed));
      }
      await deletions.forget(runId);
    } catch (error) {
      log.warn("could not remove all files of a deleted run; the next start tries again", { runId, error });
    }
  }
}
