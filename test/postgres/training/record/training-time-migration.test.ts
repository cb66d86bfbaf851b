import assert from "node:assert/strict";
import { test } from "node:test";
import { Database } from "../../../../src/db/database.js";
import { applyMigrations } from "../../../../src/db/migrations/apply-migrations.js";
import { RunStore } from "../../../../src/training/record/run-store.js";
import { testLog } from "../../../testkit/postgres/database.js";
import { createEarlierDatabase } from "../../db/earlier-database.js";

const MEASURED_TIME = "20261130094224_measure_training_time";

/** The states of a run by second; "-" is another event. */
type History = readonly (readonly [second: number, to: string])[];

function runWith(id: string, history: History): string {
  const last = history.at(-1)?.[1] ?? "QUEUED";
  const events = history.map(([second, to], index) => {
    const [kind, body] = to === "-" ? ["CheckpointSaved", {}] : ["RunStateChanged", { to }];
    return `('${id}', ${index + 1}, '${kind}', '2026-01-01'::timestamptz + ${second} * interval '1 s',
      '${JSON.stringify(body)}')`;
  });
  return `
    insert into run (id, name, experiment_id, dataset_version_id, configuration, parameter_count, state)
      values ('${id}', '${id}', 'exp', 'dsv', '{}', 1, '${last === "-" ? "RUNNING" : last}');
    insert into run_event (run_id, sequence, kind, at, body) values ${events.join(", ")};`;
}

const RUNS: Readonly<Record<string, readonly [seconds: number, History]>> = {
  waiting: [0, [[0, "QUEUED"]]],
  plain: [
    30.5,
    [
      [0, "QUEUED"],
      [100, "PREPARING"],
      [110, "RUNNING"],
      [120, "-"],
      [130.5, "SUCCEEDED"],
    ],
  ],
  extended: [
    35,
    [
      [0, "QUEUED"],
      [10, "PREPARING"],
      [20, "RUNNING"],
      [30, "SUCCEEDED"],
      [9000, "QUEUED"],
      [9100, "PREPARING"],
      [9105, "RUNNING"],
      [9115, "SUCCEEDED"],
    ],
  ],
  killed: [
    25,
    [
      [0, "QUEUED"],
      [10, "PREPARING"],
      [15, "RUNNING"],
      [30, "-"],
      [5000, "INTERRUPTED"],
      [5000, "QUEUED"],
      [5010, "PREPARING"],
      [5015, "PAUSED"],
    ],
  ],
  lost: [
    8,
    [
      [0, "QUEUED"],
      [10, "PREPARING"],
      [12, "RUNNING"],
      [18, "-"],
    ],
  ],
};

test("the training time of earlier runs follows from their events, without waiting and outages", async () => {
  const rows = `
    insert into dataset (id, name) values ('ds', 'flowers');
    insert into dataset_version (id, dataset_id, number, status, class_names, split_seed, validation_fraction,
      test_fraction, source) values ('dsv', 'ds', 1, 'READY', '{daisy,rose}', 0, 0.2, 0.2, '{}');
    insert into experiment (id, name) values ('exp', 'trees');`;
  const runs = Object.entries(RUNS).map(([id, [, history]]) => runWith(id, history));
  await using earlier = await createEarlierDatabase(MEASURED_TIME, rows + runs.join(""));
  await applyMigrations(earlier.url, testLog);
  await using database = await Database.open(earlier.url, testLog);
  const found = await new RunStore(database).find(Object.keys(RUNS));
  assert.deepEqual(
    Object.fromEntries(found.map(({ id, trainingSeconds }) => [id, trainingSeconds])),
    Object.fromEntries(Object.entries(RUNS).map(([id, [seconds]]) => [id, seconds])),
  );
});
