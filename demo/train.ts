import type { ResultOf } from "@graphql-typed-document-node/core";
import type { ApiClient } from "../src/client/api-client.js";
import { ClientError } from "../src/client/client-error.js";
import { graphql } from "../src/client/generated/gql.js";
import type { RunState } from "../src/client/generated/graphql.js";
import { launchRun } from "../src/client/launch-run.js";
import type { Terminal } from "../src/client/terminal.js";
import { type Contestant, EPOCHS } from "./contestants.js";
import { progressBar } from "./progress-bar.js";

const RUN_EVENTS = graphql(`subscription DemoRunEvents($runId: ID!) {
  runEvents(runId: $runId) {
    __typename
    ... on RunStateChanged { to reason detail }
    ... on EpochCompleted {
      epoch { number trainLoss { value } validationTop1 { value } imagesPerSecond }
    }
    ... on TrainingProgress {
      progress { epoch epochs step stepsPerEpoch imagesPerSecond }
      loss { value }
    }
    ... on RunWarning { message }
  }
}`);

type RunEvent = ResultOf<typeof RUN_EVENTS>["runEvents"];
type Epoch = Extract<RunEvent, { readonly __typename: "EpochCompleted" }>["epoch"];
type TrainingProgress = Extract<RunEvent, { readonly __typename: "TrainingProgress" }>;

const BAR_CELLS = 24;
const LABEL_COLUMNS = 16;

export interface LaunchedRun {
  readonly id: string;
  readonly label: string;
}

/** Queues the runs. The server trains one at a time. */
export async function launchRuns(
  api: ApiClient,
  experiment: string,
  datasetRef: string,
  contestants: readonly Contestant[],
): Promise<readonly LaunchedRun[]> {
  const runs: LaunchedRun[] = [];
  for (const { label, configuration } of contestants) {
    const id = await launchRun(api, { experiment, dataset: datasetRef, configuration });
    runs.push({ id, label });
  }
  return runs;
}

/**
 * Shows the progress of a run until it ends: a progress bar on a terminal, and a line per epoch elsewhere.
 *
 * @throws ClientError with the run's end reason when it does not succeed
 */
export async function watchRun(api: ApiClient, terminal: Terminal, run: LaunchedRun): Promise<void> {
  const label = run.label.padEnd(LABEL_COLUMNS);
  let best: number | null = null;
  let last: Epoch | null = null;
  let state: RunState = "QUEUED";
  const started = Date.now();
  terminal.live(`${label}  waiting`);
  for await (const { runEvents: event } of api.follow(RUN_EVENTS, { runId: run.id })) {
    switch (event.__typename) {
      case "TrainingProgress": {
        const { progress, loss } = event;
        const score = `loss ${figure(loss)}  best top-1 ${percent(best)}`;
        terminal.live(`${label}  ${bar(progress)}  ${score}  ${rate(progress.imagesPerSecond)}`);
        break;
      }
      case "EpochCompleted": {
        last = event.epoch;
        const top1 = event.epoch.validationTop1.value;
        if (top1 !== null && (best === null || top1 > best)) best = top1;
        if (!terminal.interactive) terminal.detail(`${label}  ${epochLine(event.epoch)}`);
        break;
      }
      case "RunWarning":
        terminal.detail(`${label}  ${event.message}`);
        break;
      case "RunStateChanged":
        state = event.to;
        if (state === "FAILED" || state === "CANCELLED") {
          const reason = event.reason ?? state;
          throw new ClientError(
            reason,
            `The ${run.label} run ended ${state}: ${event.detail ?? event.reason ?? ""}`,
          );
        }
        break;
    }
  }
  if (state !== "SUCCEEDED" || last === null) {
    throw new ClientError("RUN_LOST", `The ${run.label} run's events ended while it was ${state}.`);
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  const score = `loss ${figure(last.trainLoss)}  best top-1 ${percent(best)}`;
  terminal.detail(`${label}  ${progressBar(1, BAR_CELLS)}  ${last.number}/${EPOCHS}  ${score}  ${seconds} s`);
}

function bar(progress: TrainingProgress["progress"]): string {
  const epochs = progress.epoch - 1 + progress.step / Math.max(1, progress.stepsPerEpoch);
  return `${progressBar(epochs / progress.epochs, BAR_CELLS)}  ${String(progress.epoch).padStart(2)}/${progress.epochs}`;
}

function epochLine(epoch: Epoch): string {
  const number = `epoch ${String(epoch.number).padStart(2)}/${EPOCHS}`;
  const top1 = percent(epoch.validationTop1.value);
  return `${number}  loss ${figure(epoch.trainLoss)}  top-1 ${top1}  ${rate(epoch.imagesPerSecond)}`;
}

function figure(metric: Epoch["trainLoss"]): string {
  return metric.value === null ? "  n/a" : metric.value.toFixed(3);
}

/** Formats a fraction as "94.2 %" in six columns; null gives the same width. */
function percent(fraction: number | null): string {
  return fraction === null ? "   – %" : `${(fraction * 100).toFixed(1).padStart(4)} %`;
}

function rate(imagesPerSecond: number | null): string {
  return imagesPerSecond === null ? "" : `${Math.round(imagesPerSecond)} img/s`;
}
