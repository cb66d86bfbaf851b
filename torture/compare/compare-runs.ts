import type { RunEvidence } from "../evidence/run-evidence.js";
import type { Checkpoint } from "../operations.js";
import { alignEntries, type Entry } from "./align-entries.js";
import { checkEvents, compareEvents } from "./compare-events.js";
import { compareMetrics, measuresTime } from "./compare-metrics.js";
import type { Difference } from "./difference.js";

const NO_CHECKPOINT: Checkpoint = { epoch: 0, step: 0, best: false, sizeBytes: 0, sha256: "none" };

/** Other parts of a run that must be identical, by their name in reports. */
const COMPARED: Readonly<Record<string, (run: RunEvidence) => readonly Entry[]>> = {
  end: ({ state, endReason, endDetail }) => [
    { key: "state", content: state },
    { key: "reason", content: String(endReason) },
    { key: "detail", content: String(endDetail) },
  ],
  // Other checkpoints depend on the times of checkpoints inside epochs.
  "checkpoint,": ({ checkpoints }) =>
    Object.entries({
      last: checkpoints.reduce((one, other) => (other.step > one.step ? other : one), NO_CHECKPOINT),
      best: checkpoints.find(({ best }) => best) ?? NO_CHECKPOINT,
    }).map(([key, checkpoint]) => ({ key, content: JSON.stringify(checkpoint) })),
  epoch: ({ epochs }) => epochs.map((epoch) => ({ key: `${epoch.number}`, content: JSON.stringify(epoch) })),
  evaluation: ({ evaluations }) =>
    evaluations.map((evaluation) => ({ key: evaluation.split, content: JSON.stringify(evaluation) })),
  file: ({ artifacts }) => [...artifacts].map(([key, content]) => ({ key, content })),
  "TensorBoard record": ({ tensorboard }) =>
    tensorboard.map(({ step, tag, sha256 }) => ({
      key: `${tag} at step ${step}`,
      content: measuresTime(tag) ? "a time" : sha256,
    })),
};

/** Returns all differences of a run from the reference, and violations of rules that hold for every run. */
export function compareRuns(reference: RunEvidence, run: RunEvidence): readonly Difference[] {
  const others = Object.entries(COMPARED).flatMap(([name, entriesOf]) =>
    alignEntries(entriesOf(reference), entriesOf(run)).map(
      ({ key, words }): Difference => ({
        kind: "OTHER",
        words: `${run.name} (${run.runId}): ${name} ${key}: ${words}`,
      }),
    ),
  );
  return [...others, ...checkRun(run), ...compareMetrics(reference, run), ...compareEvents(reference, run)];
}

/** Checks rules that hold for every run, including the reference. */
function checkRun(run: RunEvidence): readonly Difference[] {
  return [...checkFolders(run), ...checkEvents(run)];
}

/** The checkpoint folders are exactly those that the API lists. */
function checkFolders({ name, runId, checkpoints, checkpointFolders }: RunEvidence): readonly Difference[] {
  const folders = [...checkpointFolders];
  const missing = checkpoints
    .filter(({ sha256 }) => !folders.some(([, digest]) => digest === sha256))
    .map(({ epoch, sha256 }) => `no checkpoint folder of epoch ${epoch} has the digest ${sha256}`);
  const named = new Set(checkpoints.map(({ sha256 }) => sha256));
  const unnamed = folders
    .filter(([, digest]) => !named.has(digest))
    .map(([folder]) => `the folder ${folder} belongs to no checkpoint`);
  return [...missing, ...unnamed].map((words) => ({ kind: "OTHER", words: `${name} (${runId}): ${words}` }));
}
