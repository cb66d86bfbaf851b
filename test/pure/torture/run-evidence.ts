import type { RunState } from "../../../src/client/generated/graphql.js";
import type { RunEvidence } from "../../../torture/evidence/run-evidence.js";
import type { Checkpoint, EpochFigures, MetricValue, RunEvent } from "../../../torture/operations.js";

const STEPS_PER_EPOCH = 2;
const EPOCHS = [1, 2, 3];

/** The results of a run of three epochs with two steps each, in every part that is compared. */
export function evidenceOf(name: string): RunEvidence {
  const events = eventsOf();
  return {
    name,
    runId: "run_1",
    state: "SUCCEEDED",
    endReason: "COMPLETED",
    endDetail: null,
    checkpoints: [checkpoint(2, true), checkpoint(3, false)],
    checkpointFolders: new Map([
      ["epoch-2", "digest-2"],
      ["epoch-3", "digest-3"],
    ]),
    summaries: [{ key: "train.loss", last: finite(0.25), best: finite(0.25), bestEpoch: 3 }],
    metrics: new Map([
      ["train.loss", EPOCHS.map((epoch) => ({ step: epoch * STEPS_PER_EPOCH, value: String(1 / epoch) }))],
      ["images_per_second", EPOCHS.map((epoch) => ({ step: epoch * STEPS_PER_EPOCH, value: "812.5" }))],
    ]),
    epochs: EPOCHS.map(epochFigures),
    evaluations: [
      {
        ...{ split: "TEST", sampleCount: 2, loss: finite(0.5), top1: 0.5, top5: 1 },
        ...{
          expectedCalibrationError: 0.1,
          confusion: [
            [1, 0],
            [1, 0],
          ],
        },
      },
    ],
    artifacts: new Map([["predictions-test.npy", "digest-of-predictions"]]),
    tensorboard: EPOCHS.map((epoch) => ({
      step: epoch * STEPS_PER_EPOCH,
      tag: "train/loss",
      sha256: `record-${epoch}`,
    })),
    events,
    followed: events,
  };
}

/** The events of the run from its launch to its end. */
export function eventsOf(): readonly RunEvent[] {
  return numbered([
    state(null, "QUEUED"),
    state("QUEUED", "PREPARING"),
    state("PREPARING", "RUNNING"),
    ...EPOCHS.flatMap((epoch): readonly Unnumbered[] => [
      { __typename: "EpochCompleted", epoch: epochFigures(epoch), improved: epoch < 3 },
      { __typename: "CheckpointSaved", checkpoint: checkpoint(epoch, epoch < 3) },
    ]),
    state("RUNNING", "SUCCEEDED"),
  ]);
}

type WithoutPlace<Event> = Event extends RunEvent ? Omit<Event, "sequence" | "cursor" | "at"> : never;
export type Unnumbered = WithoutPlace<RunEvent>;

/** Numbers events from 1. */
export function numbered(events: readonly Unnumbered[]): readonly RunEvent[] {
  return events.map((event, index) => ({
    ...event,
    sequence: index + 1,
    cursor: `cursor-${index + 1}`,
    at: "2026-01-01T00:00:00.000Z",
  }));
}

export function state(from: RunState | null, to: RunState): Unnumbered {
  return { __typename: "RunStateChanged", from, to, reason: null, detail: null };
}

export function checkpoint(epoch: number, best: boolean): Checkpoint {
  return { epoch, step: epoch * STEPS_PER_EPOCH, best, sizeBytes: 100, sha256: `digest-${epoch}` };
}

function epochFigures(number: number): EpochFigures {
  const figure = finite(1 / number);
  return {
    ...{ number, trainLoss: figure, validationLoss: figure, trainTop1: figure },
    ...{ validationTop1: figure, validationTop5: figure, learningRate: 0.001 },
  };
}

function finite(value: number): MetricValue {
  return { value, kind: "FINITE" };
}
