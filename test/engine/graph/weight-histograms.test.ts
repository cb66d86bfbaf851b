import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HISTOGRAM_BUCKETS } from "../../../src/graph/architectures/training/weight-histograms.js";
import { numbersOf } from "./graph-of.js";
import { TINY_NETWORK } from "./tiny-network.js";
import { partOf, TrainingBench } from "./training-sessions.js";

let bench: TrainingBench;
before(async () => {
  bench = await TrainingBench.open();
});
after(() => bench[Symbol.asyncDispose]());

test("histograms count every trainable weight between its minimum and maximum", async () => {
  const opened = await bench.start(TINY_NETWORK);
  await using session = opened.session;
  await session.run("train_step", partOf(4, 0, 4, TINY_NETWORK.classCount));
  const { statistics, counts } = await session.run("histograms", {});
  const values = await bench.values(opened);
  const trainable = opened.graph.variables.filter((variable) => variable.trainable);
  assert.deepEqual(statistics?.shape, [trainable.length, 4]);
  assert.deepEqual(counts?.shape, [trainable.length, HISTOGRAM_BUCKETS]);
  for (const [row, { name }] of trainable.entries()) {
    const held = [...values.get(name)!];
    const [least, greatest, sum, squares] = numbersOf(statistics).slice(row * 4, row * 4 + 4) as [
      number,
      number,
      number,
      number,
    ];
    assert.equal(least, Math.min(...held), name);
    assert.equal(greatest, Math.max(...held), name);
    const [total, totalOfSquares] = [held.reduce((a, b) => a + b, 0), held.reduce((a, b) => a + b * b, 0)];
    assert.ok(Math.abs(sum - total) <= 1e-4 * Math.max(1, Math.sqrt(totalOfSquares * held.length)), name);
    assert.ok(Math.abs(squares - totalOfSquares) <= 1e-5 * Math.max(1, totalOfSquares), name);
    const row30 = numbersOf(counts).slice(row * HISTOGRAM_BUCKETS, (row + 1) * HISTOGRAM_BUCKETS);
    assert.equal(
      row30.reduce((a, b) => a + b, 0),
      held.length,
      name,
    );
    const width = (greatest - least) / HISTOGRAM_BUCKETS;
    if (width > 1e-3) {
      for (let bucket = 1; bucket < HISTOGRAM_BUCKETS; bucket++) {
        // Rounding decides about values that lie on a boundary.
        const [boundary, rounding] = [least + bucket * width, 1e-5 * width];
        const counted = row30.slice(0, bucket).reduce((a, b) => a + b, 0);
        const fewest = held.filter((value) => value < boundary - rounding).length;
        const most = held.filter((value) => value < boundary + rounding).length;
        const message = `${name}: ${counted} below boundary ${bucket}, not ${fewest} to ${most}`;
        assert.ok(fewest <= counted && counted <= most, message);
      }
    }
  }
});

test("weights that are NaN or infinite are not counted and cause no error", async () => {
  const { session } = await bench.start(TINY_NETWORK, {
    optimizer: { kind: "sgd", momentum: 0, nesterov: false },
    learningRate: { kind: "constant", initial: 1e30, warmupEpochs: 0 },
  });
  await using _session = session;
  const told: { statistics: number[]; counts: number[] }[] = [];
  for (let step = 0; step < 3; step++) {
    await session.run("train_step", partOf(4, 0, 4, TINY_NETWORK.classCount));
    const { statistics, counts } = await session.run("histograms", {});
    told.push({ statistics: numbersOf(statistics), counts: numbersOf(counts) });
  }
  assert.ok(told.at(-1)!.statistics.some(Number.isNaN));
  for (const { statistics, counts } of told) {
    for (let row = 0; row < statistics.length / 4; row++) {
      const squares = statistics[row * 4 + 3]!;
      const counted = counts
        .slice(row * HISTOGRAM_BUCKETS, (row + 1) * HISTOGRAM_BUCKETS)
        .reduce((a, b) => a + b, 0);
      assert.equal(counted > 0, Number.isFinite(squares), `${counted} of squares ${squares}`);
    }
  }
});
