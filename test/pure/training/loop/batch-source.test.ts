import assert from "node:assert/strict";
import { test } from "node:test";
import { SampleIndex } from "../../../../src/data/shards/sample-index.js";
import type { ShardReader } from "../../../../src/data/shards/tensor-shards.js";
import { BatchSource, imagesOf, microBatchSizes } from "../../../../src/training/loop/batch-source.js";

const SIZE_PIXELS = 2;
const BYTES = SIZE_PIXELS * SIZE_PIXELS * 3;

/** Packed images in memory: every byte of an image is its position. A read ends when the test says so. */
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

  /** Lets the oldest read succeed or fail. */
  release(error?: Error): void {
    const held = this.#held?.shift();
    if (error === undefined) held?.resolve();
    else held?.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

test("micro-batches are as large as possible, and none contains samples of two batches", () => {
  assert.deepEqual([...microBatchSizes(25, 10, 4)], [4, 4, 2, 4, 4, 2, 4, 1]);
  assert.deepEqual([...microBatchSizes(25, 10, 10)], [10, 10, 5]);
  assert.deepEqual([...microBatchSizes(3, 10, 4)], [3]);
  assert.deepEqual([...microBatchSizes(3, 1, 1)], [1, 1, 1]);
  assert.deepEqual([...microBatchSizes(0, 10, 4)], []);
});

test("every sample comes once, in the requested order, with its image, class and position", async () => {
  const order = Int32Array.of(7, 2, 9, 0, 4, 1, 8);
  const source = new BatchSource([{ reader: new HeldReader(10), input: imagesOf(SIZE_PIXELS) }], 3);
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
    // The engine takes ownership of its inputs, so these arrays must be copies.
    assert.notEqual(fed?.data, labels);
    assert.notEqual(samples?.data, positions);
    seen.push(...positions);
  }
  assert.deepEqual(seen, [...order]);
});

test("while a batch is in use, exactly the next one is read", async () => {
  const reader = new HeldReader(8, { held: true });
  const source = new BatchSource([{ reader, input: imagesOf(SIZE_PIXELS) }], 2);
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

test("stopping early waits for the current read, and nothing is read afterwards", async () => {
  const reader = new HeldReader(6, { held: true });
  const source = new BatchSource([{ reader, input: imagesOf(SIZE_PIXELS) }], 2);
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

test("an unreadable image fails when its batch is due", async () => {
  const reader = new HeldReader(4, { held: true });
  const source = new BatchSource([{ reader, input: imagesOf(SIZE_PIXELS) }], 2);
  const batches = source.batches(Int32Array.of(0, 1, 2, 3), [2, 2]);
  const first = batches.next();
  reader.release();
  await first;
  reader.release(new Error("The file ends early."));
  await assert.rejects(batches.next(), /ends early/);
});
