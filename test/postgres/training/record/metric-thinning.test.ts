import assert from "node:assert/strict";
import { test } from "node:test";
import type { Database } from "../../../../src/db/database.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import { seededRandom } from "../../../testkit/random.js";
import { insertVersion, openTraining } from "../training-stores.js";

type Point = readonly [step: number, value: number];

/** Inserts a series without the store, so that it may be long. */
async function insertSeries(database: Database, runId: string, key: string, points: readonly Point[]) {
  await rawSql(
    database,
    `with series as (
       insert into metric_series (run_id, key, last_step, last_value) values ($1, $2, 0, 0) returning id
     )
     insert into metric_point (series_id, step, value, at)
     select id, step, value, now() from series, unnest($3::int[], $4::float8[]) as p (step, value)`,
    [runId, key, points.map(([step]) => step), points.map(([, value]) => value)],
  );
}

/** Reference implementation of the documented thinning. */
function thinned(points: readonly Point[], maxPoints: number): Point[] {
  if (points.length <= maxPoints) return [...points];
  const [first, last] = [points[0]!, points.at(-1)!];
  const stretches = Math.floor((maxPoints - 2) / 3);
  const kept = new Set<Point>([first, last]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const inside = points.filter(
      ([step]) => Math.floor(((step - first[0]) * stretches) / (last[0] - first[0] + 1)) === stretch,
    );
    const finite = inside.filter(([, value]) => Number.isFinite(value));
    const odd = inside.find(([, value]) => !Number.isFinite(value));
    const lowest = Math.min(...finite.map(([, value]) => value));
    const highest = Math.max(...finite.map(([, value]) => value));
    const ends = [lowest, highest].map((extreme) => finite.find(([, value]) => value === extreme));
    for (const point of [...ends, odd]) if (point !== undefined) kept.add(point);
  }
  return points.filter((point) => kept.has(point));
}

/** Values with one decimal, so that many are equal, with gaps between steps and some NaN or infinite values. */
function randomPoints(seed: number, count: number): Point[] {
  const next = seededRandom(seed);
  let step = Math.floor(next() * 100);
  return Array.from({ length: count }, () => {
    step += 1 + (next() < 0.05 ? Math.floor(next() * 200) : 0);
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][Math.floor(next() * 60)];
    return [step, odd ?? Math.round(next() * 50) / 10];
  });
}

test("a thinned history equals the reference implementation, and is the same each time", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id: runId } = await training.launch();
  for (let seed = 1; seed <= 6; seed++) {
    const points = randomPoints(seed, 40 * seed * seed);
    const key = `loss-${seed}`;
    await insertSeries(training.database, runId, key, points);
    for (const maxPoints of [5, 8, 50, 333, 10_000]) {
      const history = await training.metrics.history(runId, key, maxPoints);
      const what = `seed ${seed}, ${maxPoints} of ${points.length}`;
      const expected = thinned(points, maxPoints);
      assert.deepEqual(
        history.points.map(({ step, value }) => [step, value]),
        expected,
        what,
      );
      assert.ok(history.points.length <= maxPoints, what);
      assert.equal(history.totalPoints, points.length, what);
      assert.equal(history.thinned, expected.length < points.length, what);
      assert.deepEqual(await training.metrics.history(runId, key, maxPoints), history, what);
    }
  }
});

test("a history with the requested number of points is complete, and a history with one more is thinned", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id: runId } = await training.launch();
  await insertSeries(
    training.database,
    runId,
    "loss",
    Array.from({ length: 100 }, (_, index): Point => [index + 1, 0.5]),
  );
  const whole = await training.metrics.history(runId, "loss", 100);
  assert.deepEqual([whole.points.length, whole.thinned], [100, false]);
  const fewer = await training.metrics.history(runId, "loss", 99);
  assert.deepEqual([fewer.totalPoints, fewer.thinned], [100, true]);
  assert.ok(fewer.points.length < 99);
});

test("a thinned history of NaN keeps the first point of each interval", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id: runId } = await training.launch();
  const points = Array.from({ length: 300 }, (_, index): Point => [index, Number.NaN]);
  await insertSeries(training.database, runId, "loss", points);
  const history = await training.metrics.history(runId, "loss", 11);
  assert.deepEqual(
    history.points.map(({ step }) => step),
    [0, 100, 200, 299],
  );
});

test("thinning a hundred thousand points considers every point", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id: runId } = await training.launch();
  await rawSql(
    training.database,
    `with series as (
       insert into metric_series (run_id, key, last_step, last_value) values ($1, 'loss', 100000, 0) returning id
     )
     insert into metric_point (series_id, step, value, at)
     select id, step, case step when 76543 then 9 when 23456 then -9 else sin(step) end, now()
     from series, generate_series(1, 100000) as step`,
    [runId],
  );
  const { points, totalPoints, thinned } = await training.metrics.history(runId, "loss", 500);
  assert.deepEqual([totalPoints, thinned], [100_000, true]);
  assert.equal(points.length, 334, "the ends, and two of each of 166 stretches");
  assert.deepEqual(
    points.filter(({ value }) => Math.abs(value) > 1).map(({ step, value }) => [step, value]),
    [
      [23_456, -9],
      [76_543, 9],
    ],
  );
});
