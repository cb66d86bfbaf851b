import assert from "node:assert/strict";
import { test } from "node:test";
import { SampleIndex } from "../../../../src/data/shards/sample-index.js";
import type { ShardReader } from "../../../../src/data/shards/tensor-shards.js";
import { BatchSource, partSizes, picturesOf } from "../../../../src/training/loop/batch-source.js";

const SIZE_PIXELS = 2;
const BYTES = SIZE_PIXELS * SIZE_PIXELS * 3;

/** Packed pictures in memory: each has its position in every byte. A read ends when it is told to. */
class HeldReader implements ShardReader {
  readonly imageBytes = BYTES;
  readonly index: SampleIndex;
  readonly asked: (readonly number[])[] = [];
  #held: PromiseWithResolvers<void>[] | null;

  constructor(sampleCount: number, { held = false } = {}) {
    this.#held = held ? [] : null;
    const splits = Array.from({ length: sampleCount }, (_, position) => position);
    this.index = SampleIndex.of(splits.map((position) => ({ classIndex: position % 3, split: "TRAIN" })));
  }

  async readImages(positions: Int32Array | readonly number[], into: Uint8Array): Promise<void> {
    this.asked.push([...positions]);
    if (this.#held !== null) {
      const held = Promise.withResolvers<void>();
      this.#held.push(held);
      await held.promise;
    }
    for (const [place, position] of [...positions].entries()) {
      into.fill(position, place * BYTES, (place + 1) * BYTES);
    }
  }

  get reading(): number {
    return this.#held?.length ?? 0;
  }

  /** Lets the oldest read end, well or with an error. */
  release(error?: Error): void {
    const held = this.#held?.shift();
    if (error === undefined) held?.resolve();
    else held?.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

test("parts are as large as they may be, and none reaches into the next batch", () => {
  assert.deepEqual([...partSizes(25, 10, 4)], [4, 4, 2, 4, 4, 2, 4, 1]);
  assert.deepEqual([...partSizes(25, 10, 10)], [10, 10, 5]);
  assert.deepEqual([...partSizes(3, 10, 4)], [3]);
  assert.deepEqual([...partSizes(3, 1, 1)], [1, 1, 1]);
  assert.deepEqual([...partSizes(0, 10, 4)], []);
});

test("every sample comes once, in the order asked for, with its picture, its class and its place", async () => {
  const order = Int32Array.of(7, 2, 9, 0, 4, 1, 8);
  const source = new BatchSource(new HeldReader(10), picturesOf(SIZE_PIXELS), 3);
  const seen: number[] = [];
  for await (const { positions, labels, inputs, size } of source.batches(order, [3, 1, 3])) {
    const { images, samples, labels: fed } = inputs;
    assert.deepEqual(images?.shape, [size, SIZE_PIXELS, SIZE_PIXELS, 3]);
    assert.deepEqual(
      [...(images!.data as Uint8Array)],
      [...positions].flatMap((position) => Array<number>(BYTES).fill(position)),
    );
    assert.deepEqual(
      [...labels],
      [...positions].map((position) => position % 3),
    );
    assert.deepEqual([fed?.data, samples?.data], [labels, positions]);
    // The engine takes the arrays that it is fed with, so these must not be them.
    assert.notEqual(fed?.data, labels);
    assert.notEqual(samples?.data, positions);
    seen.push(...positions);
  }
  assert.deepEqual(seen, [...order]);
});

test("while a batch is in use the next one is read, and no more than that", async () => {
  const reader = new HeldReader(8, { held: true });
  const source = new BatchSource(reader, picturesOf(SIZE_PIXELS), 2);
  const batches = source.batches(
    Int32Array.from({ length: 8 }, (_, place) => place),
    [2, 2, 2, 2],
  );
  const first = batches.next();
  assert.deepEqual(reader.asked, [
    [0, 1],
    [2, 3],
  ]);
  reader.release();
  const inUse = (await first).value!.inputs.images!.data as Uint8Array;
  assert.equal(reader.asked.length, 2);
  reader.release();
  await new Promise(setImmediate);
  assert.deepEqual([inUse.at(0), inUse.at(-1)], [0, 1], "the batch in use is left alone");
  await batches.next();
  assert.deepEqual(reader.asked.slice(2), [[4, 5]]);
  reader.release();
  await batches.return();
});

test("whoever stops early waits for the read under way, after which nothing is read any more", async () => {
  const reader = new HeldReader(6, { held: true });
  const source = new BatchSource(reader, picturesOf(SIZE_PIXELS), 2);
  const batches = source.batches(
    Int32Array.from({ length: 6 }, (_, place) => place),
    [2, 2, 2],
  );
  const first = batches.next();
  reader.release();
  await first;
  let ended = false;
  const end = batches.return().then(() => {
    ended = true;
  });
  await new Promise(setImmediate);
  assert.deepEqual([ended, reader.reading], [false, 1]);
  reader.release();
  await end;
  assert.equal(reader.asked.length, 2);
});

test("a picture that cannot be read is told of when its batch is due", async () => {
  const reader = new HeldReader(4, { held: true });
  const source = new BatchSource(reader, picturesOf(SIZE_PIXELS), 2);
  const batches = source.batches(Int32Array.of(0, 1, 2, 3), [2, 2]);
  const first = batches.next();
  reader.release();
  await first;
  reader.release(new Error("The file ends early."));
  await assert.rejects(batches.next(), /ends early/);
});
