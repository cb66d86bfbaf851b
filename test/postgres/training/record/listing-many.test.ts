import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { fillDatabase } from "../../../../bench/store/fill-database.js";
import { type FilledRun, filledRun } from "../../../../bench/store/filled-runs.js";
import type { PageRequest } from "../../../../src/core/page.js";
import type { RunFilter, RunOrder } from "../../../../src/training/record/run-records.js";
import { RunStore } from "../../../../src/training/record/run-store.js";
import { walkBackward, walkForward } from "../../../testkit/api/page-walk.js";
import { createTestDatabase, type TestDatabase } from "../../../testkit/postgres/database.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";

/** More runs than are filtered one by one before the indexes of the filter are used. */
const RUNS = 1_300;
const DIVERGED = 40;

let database: TestDatabase;
let store: RunStore;
const runs: FilledRun[] = Array.from({ length: RUNS }, (_, n) => filledRun(n));
/** Best accuracy of each run, without diverged runs. */
const top1 = new Map<string, number>();

before(async () => {
  database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { runIds } = await fillDatabase(client, RUNS, 20, {
    report: () => {},
    signal: new AbortController().signal,
  });
  await client.end();
  for (const [n, run] of runs.entries()) runs[n] = { ...run, id: runIds[n]! };
  const diverged = runs.filter((_, n) => n % DIVERGED === 0).map(({ id }) => id);
  await rawSql(
    database.database,
    `update metric_series set best_value = null, best_epoch = null, last_value = 'NaN'
     where run_id = any($1) and key = 'validation.top1'`,
    [diverged],
  );
  const { rows } = await rawSql<{ id: string; best: number }>(
    database.database,
    `select run_id as id, best_value as best from metric_series where key = 'validation.top1' and best_value is not null`,
  );
  for (const { id, best } of rows) top1.set(id, best);
  store = new RunStore(database.database);
});
after(() => database[Symbol.asyncDispose]());

/** Names of the runs on all pages, which are the same in both directions. */
async function listed(filter: RunFilter, order: RunOrder, size: number): Promise<readonly string[]> {
  const read = (page: PageRequest) => store.list({ filter, order, page });
  const names = (await walkForward(read, size)).map(({ name }) => name);
  assert.deepEqual(
    (await walkBackward(read, size)).map(({ name }) => name),
    names,
  );
  return names;
}

/** Reference implementation: the names in a list, filtered and sorted in memory. */
function expected(fits: (run: FilledRun) => boolean, { field, direction }: RunOrder): readonly string[] {
  const orderedBy = (run: FilledRun): number | undefined =>
    field === "CREATED_AT"
      ? run.createdAt.getTime()
      : field === "DURATION"
        ? run.durationSeconds
        : top1.get(run.id);
  const sign = direction === "DESC" ? -1 : 1;
  const byId = (a: FilledRun, b: FilledRun): number => (a.id < b.id ? -sign : sign);
  return runs
    .filter(fits)
    .sort((a, b) => {
      const [x, y] = [orderedBy(a), orderedBy(b)];
      if (x === undefined || y === undefined) return x === y ? byId(a, b) : x === undefined ? 1 : -1;
      return x === y ? byId(a, b) : sign * (x - y);
    })
    .map(({ name }) => name);
}

const rate = (equals: string): RunFilter => ({ configuration: [{ path: "learningRate.initial", equals }] });
const rateIs =
  (value: number) =>
  ({ configuration }: FilledRun): boolean =>
    configuration.learningRate.initial === value;

const FILTERS: readonly (readonly [what: string, RunFilter, fits: (run: FilledRun) => boolean])[] = [
  ["all runs", {}, () => true],
  ["a fifth", rate("1e-2"), rateIs(0.01)],
  ["none", rate("0.5"), () => false],
  ["a rare name", { nameContains: "RUN-77" }, ({ name }) => name.startsWith("run-77")],
  ["one in 25", { states: ["FAILED"] }, ({ state }) => state === "FAILED"],
  [
    "half, by architecture",
    { architectures: ["VGG13", "VGG16"] },
    ({ configuration }) => ["VGG13", "VGG16"].includes(configuration.architecture),
  ],
  [
    "a metric and a setting",
    { ...rate("0.001"), metric: [{ key: "validation.top1", atLeast: 0.5 }] },
    (run) => rateIs(0.001)(run) && (top1.get(run.id) ?? 0) >= 0.5,
  ],
  [
    "a narrow metric",
    { metric: [{ key: "validation.top1", atLeast: 0.2, atMost: 0.21 }] },
    ({ id }) => (top1.get(id) ?? 0) >= 0.2 && (top1.get(id) ?? 1) <= 0.21,
  ],
  ["an experiment", { experiment: "experiment-3" }, ({ experiment }) => experiment === 2],
  [
    "a day",
    { createdAfter: new Date("2026-01-01T01:00:00Z"), createdBefore: new Date("2026-01-01T05:00:00Z") },
    ({ createdAt }) =>
      createdAt > new Date("2026-01-01T01:00:00Z") && createdAt < new Date("2026-01-01T05:00:00Z"),
  ],
];

const ORDERS: readonly RunOrder[] = [
  { field: "CREATED_AT", direction: "DESC" },
  { field: "CREATED_AT", direction: "ASC" },
  { field: "DURATION", direction: "DESC" },
  { field: "METRIC_BEST", metric: "validation.top1", direction: "DESC" },
  { field: "METRIC_BEST", metric: "validation.top1", direction: "ASC" },
  { field: "METRIC_LAST", metric: "validation.top1", direction: "DESC" },
];

for (const [what, filter, fits] of FILTERS) {
  test(`among many runs, ${what}: every order lists every matching run once, for any page size`, async () => {
    for (const order of ORDERS) {
      for (const first of [17, 200]) {
        assert.deepEqual(
          await listed(filter, order, first),
          expected(fits, order),
          `${JSON.stringify(order)}, ${first} a page`,
        );
      }
    }
  });
}
