import type { ComputePrecision } from "../../core/enumerations.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { OwnedResources } from "../../lang/owned-resources.js";
import { cachesTeacherLogits } from "../configuration/caches-teacher-logits.js";
import { removeCache, removeCaches } from "../loop/output-cache.js";
import { cacheTeacherLogits, type PreparedTeacher } from "../loop/teacher-logits.js";
import type { RunRecord } from "../record/run-records.js";
import type { TrainingSources } from "./options.js";
import type { PreparationWatch } from "./preparation.js";

/**
 * Finds the teacher of a run, and computes its logits where they are the same in every epoch. The owner closes and removes
 * their file.
 *
 * @returns null for a run that learns from the labels alone
 * @throws AppError as `Teachers.find` and `TensorShards.open` do; the reason of the signal when it aborts
 */
export async function prepareTeacher(
  { teachers, shards }: Pick<TrainingSources, "teachers" | "shards">,
  run: Pick<RunRecord, "attempt" | "configuration" | "datasetVersionId">,
  context: {
    readonly classNames: readonly string[];
    readonly precision: ComputePrecision;
    readonly engine: EngineHost;
    readonly runFolder: string;
    readonly owner: OwnedResources;
  },
  { onProgress, signal }: PreparationWatch,
): Promise<PreparedTeacher | null> {
  const { attempt, configuration, datasetVersionId } = run;
  const { classNames, precision, engine, runFolder, owner } = context;
  if (configuration.distillation === null) return null;
  const teacher = await teachers.find(configuration.distillation.teacher, classNames);
  if (!cachesTeacherLogits(configuration)) return { ...teacher, logits: null };

  const file = { runFolder, kind: "teacher-logits", attempt } as const;
  await removeCaches(runFolder, ["teacher-logits"]); // Removes those of an attempt whose process died.
  owner.defer(() => removeCache(file));
  const { imageSizePixels } = teacher.network;
  await using images = await shards.open(datasetVersionId, imageSizePixels, onProgress, signal);
  const logits = await cacheTeacherLogits(engine, teacher, precision, images, { file, onProgress, signal });
  return { ...teacher, logits: owner.own(logits) };
}
