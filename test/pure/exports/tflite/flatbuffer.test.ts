import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeFlatbuffer,
  float32,
  float32Numbers,
  int8,
  int32,
  int32Numbers,
  int64Numbers,
  list,
  type StreamedBytes,
  table,
  text,
  uint32,
} from "../../../../src/exports/formats/tflite/flatbuffer.js";
import { FlatTableReader } from "../../../testkit/exports/flatbuffer-reader.js";

test("every kind of field is read back, and fields that are left out are missing", () => {
  const root = table(
    int8(-3),
    null,
    int32(-70_000),
    uint32(4_000_000_000),
    float32(0.5),
    text("Blüte 🌷"),
    int32Numbers([1, -2, 3]),
    int64Numbers([-5, 2 ** 40]),
    float32Numbers(Float32Array.of(0.25, -8)),
    list([table(text("first")), table(text("second"))]),
    table(int8(7)),
    { kind: "bytes", bytes: Uint8Array.of(9, 8, 7) },
    null,
  );
  const { head, sizeBytes } = encodeFlatbuffer(root, "TEST");
  assert.equal(head.toString("latin1", 4, 8), "TEST");
  assert.equal(head.length, sizeBytes);
  const read = FlatTableReader.root(head);
  assert.equal(read.int8(0), -3);
  assert.equal(read.place(1), null);
  assert.equal(read.int32(2), -70_000);
  assert.equal(read.int32(3) >>> 0, 4_000_000_000);
  assert.equal(read.float32(4), 0.5);
  assert.equal(read.text(5), "Blüte 🌷");
  assert.deepEqual(read.int32s(6), [1, -2, 3]);
  assert.deepEqual(read.int64s(7), [-5n, 2n ** 40n]);
  assert.deepEqual(read.float32s(8), [0.25, -8]);
  assert.deepEqual(
    read.tables(9).map((element) => element.text(0)),
    ["first", "second"],
  );
  assert.equal(read.table(10)?.int8(0), 7);
  assert.deepEqual(read.content(11), Buffer.of(9, 8, 7));
  assert.equal(read.place(12), null);
});

test("numbers of 8 bytes and vectors of bytes are aligned, whatever lies before them", () => {
  for (let length = 0; length < 20; length++) {
    const root = table(text("x".repeat(length)), int64Numbers([1]), {
      kind: "bytes",
      bytes: Uint8Array.of(1),
    });
    const read = FlatTableReader.root(encodeFlatbuffer(root, "TEST").head);
    assert.equal(((read.target(1) ?? 0) + 4) % 8, 0);
    assert.equal(((read.target(2) ?? 0) + 4) % 16, 0);
  }
});

test("streamed bytes lie behind the head, in the order of the tables, aligned and without an overlap", () => {
  const weights: StreamedBytes[] = [5, 64, 1].map((sizeBytes) => ({ kind: "streamed", sizeBytes }));
  const root = table(list(weights.map((bytes) => table(bytes))), text("behind them in the tables"));
  const { head, streamed, sizeBytes } = encodeFlatbuffer(root, "TEST");
  assert.deepEqual(
    streamed.map(({ bytes }) => bytes),
    weights,
  );
  let end = head.length;
  for (const { bytes, position } of streamed) {
    assert.equal(position % 16, 0);
    assert.ok(position - 4 >= end);
    end = position + bytes.sizeBytes;
  }
  assert.equal(sizeBytes, end);
  const whole = Buffer.alloc(sizeBytes);
  head.copy(whole);
  for (const { bytes, position } of streamed) {
    whole.writeUInt32LE(bytes.sizeBytes, position - 4);
    whole.fill(bytes.sizeBytes, position, position + bytes.sizeBytes);
  }
  const contents = FlatTableReader.root(whole)
    .tables(0)
    .map((element) => element.content(0));
  assert.deepEqual(
    contents,
    weights.map(({ sizeBytes: size }) => Buffer.alloc(size, size)),
  );
});

test("tables with the same fields share their description", () => {
  const size = (count: number) =>
    encodeFlatbuffer(table(list(Array.from({ length: count }, () => table(int32(1), int8(2))))), "TEST").head
      .length;
  // Offset, position of the description, a number of 4 bytes and one of 1, padded.
  assert.equal(size(101) - size(1), 100 * (4 + 12));
});
