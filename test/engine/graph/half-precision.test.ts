import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import type { Session } from "../../../src/engine/session.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { writeCheckpoint } from "../../golden/networks/checkpoint-tensors.js";
import { numberOf } from "./graph-of.js";
import { TINY_NETWORK } from "./tiny-network.js";
import { integer, partOf, TrainingBench } from "./training-sessions.js";

/** float16 is fast only on GPUs, but processors compute the same. */
const HALF: NetworkSpec = {
  ...TINY_NETWORK,
  batchNormalization: false,
  head: { kind: "FULLY_CONNECTED", units: 16, dropout: 0 },
  precision: "MIXED_FLOAT16",
};
const BATCH = 4;
/** Multiplied by this scale, some gradients of the first step exceed the range of float16. */
const FAR_TOO_HIGH = 2 ** 40;

let bench: TrainingBench;
before(async () => {
  bench = await TrainingBench.open();
});
after(() => bench[Symbol.asyncDispose]());

const part = (from: number, to: number) => partOf(BATCH, from, to, HALF.classCount);

const STEPS: Readonly<Record<string, (session: Session) => Promise<number>>> = {
  whole: async (session) => {
    const { global_step } = await session.run("train_step", part(0, BATCH));
    return numberOf(global_step);
  },
  "in parts": async (session) => {
    for (const [from, to] of [
      [0, 2],
      [2, BATCH],
    ] as const) {
      const inputs = { ...part(from, to), first: integer(from), batch_size: integer(BATCH) };
      await session.run("accumulate", inputs);
    }
    return numberOf((await session.run("apply", {})).global_step);
  },
};

for (const [title, step] of Object.entries(STEPS)) {
  test(`with batches ${title}, steps are skipped until the loss scale fits, and then training continues`, async () => {
    const opened = await bench.start(HALF, { accumulation: title === "in parts" });
    await using session = opened.session;
    const first = await bench.values(opened);
    await restoreWithScale(opened, first, FAR_TOO_HIGH);

    assert.equal(await step(session), 1, "a skipped step counts as one of the run's");
    const skipped = await bench.values(opened);
    for (const [name, values] of first) {
      const expected = name === "loss_scale" ? Float32Array.of(FAR_TOO_HIGH / 2) : values;
      assert.deepEqual(skipped.get(name), expected, name);
    }

    for (let count = 2; count <= 40; count++) assert.equal(await step(session), count);
    const learned = await bench.values(opened);
    assert.ok(learned.get("loss_scale")![0]! < FAR_TOO_HIGH / 2 ** 10, `${learned.get("loss_scale")}`);
    for (const [name, values] of learned) {
      assert.ok(values.every(Number.isFinite), `${name} is finite`);
      if (name.endsWith("/kernel")) assert.notDeepEqual(values, first.get(name), `${name} has changed`);
    }
  });
}

test("two steps in micro-batches equal two steps of whole batches, up to the rounding of float16", async () => {
  const kernels: Float32Array[] = [];
  for (const [title, step] of Object.entries(STEPS)) {
    const opened = await bench.start(HALF, {
      accumulation: title === "in parts",
      optimizer: { kind: "sgd", momentum: 0.9, nesterov: false },
    });
    await using session = opened.session;
    const before = (await bench.values(opened)).get("fc1/kernel")!;
    for (let count = 0; count < 2; count++) await step(session);
    const after = (await bench.values(opened)).get("fc1/kernel")!;
    kernels.push(after.map((value, i) => value - before[i]!));
  }
  const [whole, parts] = kernels as [Float32Array, Float32Array];
  const largest = whole.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert.ok(largest > 0);
  for (const [i, value] of whole.entries()) {
    assert.ok(Math.abs(parts[i]! - value) <= 0.02 * largest, `change ${i}: ${parts[i]} instead of ${value}`);
  }
});

/** Restores the variables of a session with another loss scale. */
async function restoreWithScale(
  { session, graph }: Awaited<ReturnType<TrainingBench["start"]>>,
  saved: ReadonlyMap<string, Float32Array>,
  scale: number,
): Promise<void> {
  const tensors = new Map<string, TensorValue>();
  for (const { name, dtype, shape } of graph.variables) {
    const values = name === "loss_scale" ? Float32Array.of(scale) : saved.get(name)?.slice();
    tensors.set(name, { dtype, shape, data: values ?? BigInt64Array.of(0n) });
  }
  const folder = bench.newFolder();
  await writeCheckpoint(bench.engine, folder, tensors);
  await bench.restore(session, folder);
}
