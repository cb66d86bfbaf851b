import type { RunEvidence } from "../evidence/run-evidence.js";
import type { RunEvent } from "../operations.js";
import { alignEntries, type Deviation, type DeviationKind, type Entry } from "./align-entries.js";
import type { Difference, DifferenceKind } from "./difference.js";

/** A changed event counts as lost. */
const KINDS: Readonly<Record<DeviationKind, DifferenceKind>> = {
  LOST: "EVENT_LOST",
  CHANGED: "EVENT_LOST",
  DOUBLED: "EVENT_DOUBLED",
  UNEXPECTED: "EVENT_DOUBLED",
  OUT_OF_ORDER: "EVENT_OUT_OF_ORDER",
};

/** Checks the events of a run on their own: no gaps, a consistent sequence of states, and the same for subscribers. */
export function checkEvents(run: RunEvidence): readonly Difference[] {
  return [...checkSequences(run), ...checkStates(run), ...checkFollowed(run)];
}

/** Compares the events of epochs and of the checkpoints at their end with those of the reference. */
export function compareEvents(reference: RunEvidence, run: RunEvidence): readonly Difference[] {
  const lastSteps = new Set(stepsOfEpochEnds(reference));
  return alignEntries(milestones(reference, lastSteps), milestones(run, lastSteps)).map(
    differenceOf(run, "events"),
  );
}

function checkSequences(run: RunEvidence): readonly Difference[] {
  const last = Math.max(0, ...run.events.map(({ sequence }) => sequence));
  const expected = Array.from({ length: last }, (_, index) => ({
    key: `sequence ${index + 1}`,
    content: "",
  }));
  const actual = run.events.map(({ sequence }) => ({ key: `sequence ${sequence}`, content: "" }));
  return alignEntries(expected, actual).map(differenceOf(run, "events"));
}

/** Each change starts from the state of the last change, and the last one ends in the state of the run. */
function checkStates(run: RunEvidence): readonly Difference[] {
  const differences: Difference[] = [];
  let state: string | null = null;
  for (const event of run.events) {
    if (event.__typename !== "RunStateChanged") continue;
    if (event.from !== state) {
      const words = `expected a change from ${state}, found one from ${event.from} to ${event.to}`;
      differences.push({ kind: "EVENT_LOST", words: `${at(run)}: sequence ${event.sequence}: ${words}` });
    }
    state = event.to;
  }
  if (state !== run.state) {
    const words = `the run is ${run.state}, but its last change of state was to ${state}`;
    differences.push({ kind: "EVENT_LOST", words: `${at(run)}: ${words}` });
  }
  return differences;
}

function checkFollowed(run: RunEvidence): readonly Difference[] {
  const entries = (events: readonly RunEvent[]): readonly Entry[] =>
    events.map((event) => ({ key: `sequence ${event.sequence}`, content: JSON.stringify(event) }));
  // Doubled rows of the list itself are reported elsewhere.
  const rows = [...new Map(run.events.map((event) => [event.sequence, event])).values()];
  return alignEntries(entries(rows), entries(run.followed)).map(differenceOf(run, "a subscriber's events"));
}

function stepsOfEpochEnds({ events }: RunEvidence): readonly number[] {
  // The reference may have checkpoints inside epochs too. The last one of an epoch is at its end.
  const steps = new Map<number, number>();
  for (const event of events) {
    if (event.__typename !== "CheckpointSaved") continue;
    const { epoch, step } = event.checkpoint;
    steps.set(epoch, Math.max(step, steps.get(epoch) ?? 0));
  }
  return [...steps.values()];
}

/** Returns the events that have the same step in every run. Checkpoints inside epochs depend on time. */
function milestones({ events }: RunEvidence, lastSteps: ReadonlySet<number>): readonly Entry[] {
  return events.flatMap((event) => {
    switch (event.__typename) {
      case "EpochCompleted": {
        const { epoch, improved } = event;
        return [
          { key: `EpochCompleted of epoch ${epoch.number}`, content: JSON.stringify({ epoch, improved }) },
        ];
      }
      case "CheckpointSaved": {
        const { checkpoint } = event;
        if (!lastSteps.has(checkpoint.step)) return [];
        const { epoch, step } = checkpoint;
        return [
          {
            key: `CheckpointSaved at the end of epoch ${epoch}, step ${step}`,
            content: JSON.stringify(checkpoint),
          },
        ];
      }
      default:
        return [];
    }
  });
}

function at({ name, runId }: RunEvidence): string {
  return `${name} (${runId})`;
}

function differenceOf(run: RunEvidence, list: string): (deviation: Deviation) => Difference {
  return ({ kind, key, words }) => ({ kind: KINDS[kind], words: `${at(run)}: ${list}: ${key} ${words}` });
}
