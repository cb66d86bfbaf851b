import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ApiClient } from "../../src/client/api-client.js";
import { ClientError } from "../../src/client/client-error.js";
import { digestFolder } from "../../src/engine/folder-digest.js";
import {
  type Checkpoint,
  isDurable,
  LIST_EVENTS,
  METRIC_HISTORY,
  type MetricValue,
  RUN_RESULT,
  type RunEvent,
} from "../operations.js";
import type { MetricPoint, RunEvidence } from "./run-evidence.js";
import { tensorBoardRecords } from "./tensorboard-records.js";

/** Name of TensorBoard's artifact in the evidence. Its real name contains the time of the launch. */
const TENSORBOARD_FILE = "TensorBoard's file";
const SETTLED_MS = 5_000;
const POLL_MS = 50;
const TENSORBOARD_NAME = /^events\.out\.tfevents\./;

export interface EvidenceOf {
  readonly name: string;
  readonly runId: string;
  /** The run's folder in the home of the server. */
  readonly runFolder: string;
  readonly followed: readonly RunEvent[];
}

/**
 * Collects the results of an ended run from the API and from its files.
 *
 * @throws ClientError `RUN_LOST` when the API does not have the run or a complete metric
 */
export async function collectEvidence(
  api: ApiClient,
  { name, runId, runFolder, followed }: EvidenceOf,
): Promise<RunEvidence> {
  const { run } = await api.request(RUN_RESULT, { runId });
  if (run === null) throw lost(runId, "does not exist any more");
  const { state, endReason, endDetail, checkpoints, epochs, validation, test } = run;
  const metrics = new Map<string, readonly MetricPoint[]>();
  for (const { key } of run.metrics) metrics.set(key, await pointsOf(api, runId, key));
  const artifacts = new Map<string, string>();
  let tensorboard: RunEvidence["tensorboard"] = [];
  for (const artifact of run.artifacts) {
    if (!TENSORBOARD_NAME.test(artifact.name)) {
      artifacts.set(artifact.name, artifact.sha256);
      continue;
    }
    const file = await api.get(artifact.url);
    const digest = createHash("sha256").update(file).digest("hex");
    artifacts.set(
      TENSORBOARD_FILE,
      digest === artifact.sha256 ? "as recorded" : `${artifact.sha256} recorded, ${digest} sent`,
    );
    tensorboard = tensorBoardRecords(file);
  }
  return {
    ...{
      name,
      runId,
      followed,
      state,
      endReason,
      endDetail,
      checkpoints,
      epochs,
      metrics,
      artifacts,
      tensorboard,
    },
    summaries: run.metrics,
    evaluations: [validation, test].filter((evaluation) => evaluation !== null),
    checkpointFolders: await settledFolders(path.join(runFolder, "checkpoints"), checkpoints),
    events: await eventsOf(api, runId),
  };
}

async function pointsOf(api: ApiClient, runId: string, key: string): Promise<readonly MetricPoint[]> {
  const { run } = await api.request(METRIC_HISTORY, { runId, key });
  if (run === null || run.metricHistory.thinned) throw lost(runId, `has an incomplete metric ${key}`);
  return run.metricHistory.points.map(({ step, ...value }) => ({ step, value: textOf(value) }));
}

function textOf({ value, kind }: MetricValue): string {
  if (value === null) return kind;
  return Object.is(value, -0) ? "-0" : String(value);
}

async function eventsOf(api: ApiClient, runId: string): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for (let after: string | null = null; ; ) {
    const answer: Awaited<ReturnType<typeof pageOfEvents>> = await pageOfEvents(api, runId, after);
    events.push(...answer.nodes.filter(isDurable));
    if (!answer.pageInfo.hasNextPage) return events;
    after = answer.pageInfo.endCursor;
  }
}

async function pageOfEvents(api: ApiClient, runId: string, after: string | null) {
  const { run } = await api.request(LIST_EVENTS, { runId, after });
  if (run === null) throw lost(runId, "does not exist any more");
  return run.events;
}

/** The server removes unused checkpoints shortly after the end of the run. */
async function settledFolders(
  parent: string,
  checkpoints: readonly Checkpoint[],
): Promise<ReadonlyMap<string, string>> {
  const deadlineMs = performance.now() + SETTLED_MS;
  for (;;) {
    const folders = await digestFolders(parent).catch(whileRemoved);
    if (folders?.size === checkpoints.length) return folders;
    if (folders !== null && performance.now() > deadlineMs) return folders;
    await delay(POLL_MS);
  }
}

/** Ignores a folder that is removed while it is read. */
function whileRemoved(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

async function digestFolders(parent: string): Promise<ReadonlyMap<string, string>> {
  // A run that failed early has no checkpoints.
  const folders = (await readdir(parent).catch(ignoringAbsence)).sort();
  const digests = folders.map(async (folder): Promise<[string, string]> => {
    return [folder, (await digestFolder(path.join(parent, folder))).sha256];
  });
  return new Map(await Promise.all(digests));
}

function ignoringAbsence(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}

function lost(runId: string, what: string): ClientError {
  return new ClientError("RUN_LOST", `Expected the complete run ${runId} from the API. It ${what}.`);
}
