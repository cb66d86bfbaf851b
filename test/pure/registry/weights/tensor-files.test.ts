import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import type { StoredTensor } from "../../../../src/registry/weights/stored-tensor.js";
import { openWeightsFile, type WeightsFile } from "../../../../src/registry/weights/weights-file.js";
import { zip } from "../../../testkit/files/archives.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  temporary = await temporaryFolder();
});
after(() => temporary[Symbol.asyncDispose]());

async function opened(bytes: Uint8Array): Promise<WeightsFile> {
  const file = path.join(temporary.folder, "weights");
  await writeFile(file, bytes);
  return openWeightsFile(file);
}

function tensorOf({ content }: WeightsFile, name: string): StoredTensor {
  const tensor = content.naming === "torch" ? content.tensors.get(name) : undefined;
  assert.ok(tensor !== undefined, `no tensor ${name}`);
  return tensor;
}

function safetensors(header: unknown, data: Uint8Array = new Uint8Array()): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

test("every float type is read as float32, also in slices", async () => {
  const halves = Buffer.from(Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x7bff).buffer);
  const brains = Buffer.from(Uint16Array.of(0x3f80, 0xc020).buffer);
  const doubles = Buffer.from(Float64Array.of(1e-3, 2).buffer);
  await using weights = await opened(
    safetensors(
      {
        __metadata__: { format: "pt" },
        half: { dtype: "F16", shape: [2, 2], data_offsets: [0, 8] },
        brain: { dtype: "BF16", shape: [2], data_offsets: [8, 12] },
        double: { dtype: "F64", shape: [2], data_offsets: [12, 28] },
      },
      Buffer.concat([halves, brains, doubles]),
    ),
  );
  assert.deepEqual(await tensorOf(weights, "half").read(0, 4), Float32Array.of(1, -2.5, 2 ** -24, 65504));
  assert.deepEqual(await tensorOf(weights, "half").read(1, 2), Float32Array.of(-2.5, 2 ** -24));
  assert.deepEqual(await tensorOf(weights, "brain").read(0, 2), Float32Array.of(1, -2.5));
  assert.deepEqual(await tensorOf(weights, "double").read(0, 2), Float32Array.of(1e-3, 2));
});

test("a safetensors header that describes missing data is refused", async () => {
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const wrong: readonly unknown[] = [
    "{",
    "[]",
    "{}}",
    { w: null },
    { w: { ...entry, shape: "2" } },
    { w: { ...entry, shape: [2, -1] } },
    { w: { ...entry, shape: [0.5, 4] } },
    { w: { ...entry, shape: [3] } },
    { w: { ...entry, shape: [2 ** 40, 2 ** 40] } },
    { w: { ...entry, data_offsets: [8, 0] } },
    { w: { ...entry, data_offsets: [0, 2 ** 60] } },
    { w: { ...entry, data_offsets: [4, 12] } },
  ];
  for (const header of wrong) {
    const file = opened(safetensors(header, new Uint8Array(8)));
    await assert.rejects(file, { code: "WEIGHTS_INVALID" }, JSON.stringify(header));
  }
  const long = safetensors({ w: entry }, new Uint8Array(8));
  long.writeBigUInt64LE(2n ** 63n);
  await assert.rejects(opened(long), { code: "WEIGHTS_INVALID" });
});

test("a zip that packs, hides or repeats its entries is refused", async () => {
  const bytes = Buffer.from("\x80\x02}.", "latin1");
  await assert.rejects(opened(zip([{ name: "a/data.pkl", bytes, deflate: true }])), {
    code: "WEIGHTS_INVALID",
    message: /neither packed nor encrypted/,
  });
  await assert.rejects(opened(zip([{ name: "a/data.pkl", bytes, encrypted: true }])), {
    code: "WEIGHTS_INVALID",
    message: /neither packed nor encrypted/,
  });
  const twice = { name: "a/data.pkl", bytes };
  await assert.rejects(opened(zip([twice, twice])), { code: "WEIGHTS_INVALID", message: /twice/ });
  await assert.rejects(opened(zip([{ name: "cat.jpg", bytes }])), {
    code: "WEIGHTS_INVALID",
    message: /a zip of torch.*or of Keras/,
  });
});

test("an archive whose 64-bit directory is outside of the file is refused", async () => {
  const bytes = zip([{ name: "a/data.pkl", bytes: Buffer.from("\x80\x02}.", "latin1") }]);
  const locator = Buffer.alloc(20, 0xff);
  locator.write("PK\x06\x07", "latin1");
  const end = bytes.subarray(bytes.length - 22);
  end.fill(0xff, 10, 20);
  const file = opened(Buffer.concat([bytes.subarray(0, -22), locator, end]));
  await assert.rejects(file, { code: "WEIGHTS_INVALID", message: /within its/ });
});

test("a torch tensor that reaches beyond its storage is refused", async () => {
  /** `_rebuild_tensor_v2(storage of 4 floats, offset, (2, 2), (stride, 1))` under the name "w". */
  const stateDict = (offset: number, stride: number): Buffer =>
    Buffer.from(
      "\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n" +
        `X\x01\0\0\x000X\x03\0\0\0cpuK\x04tQK${String.fromCharCode(offset)}K\x02K\x02\x86` +
        `K${String.fromCharCode(stride)}K\x01\x86\x89}tRs.`,
      "latin1",
    );
  const data = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
  const file = (offset: number, stride: number, bytes = data): Buffer =>
    zip([
      { name: "archive/data.pkl", bytes: stateDict(offset, stride) },
      { name: "archive/data/0", bytes },
    ]);
  {
    await using weights = await opened(file(0, 2));
    assert.deepEqual(await tensorOf(weights, "w").read(0, 4), Float32Array.of(1, 2, 3, 4));
  }
  {
    await using weights = await opened(file(2, 0));
    assert.deepEqual(await tensorOf(weights, "w").read(0, 4), Float32Array.of(3, 4, 3, 4));
  }
  await assert.rejects(opened(file(1, 2)), { code: "WEIGHTS_INVALID", message: /within the 4 elements/ });
  await assert.rejects(opened(file(0, 200)), { code: "WEIGHTS_INVALID", message: /within the 4 elements/ });
  await assert.rejects(opened(file(0, 2, data.subarray(0, 12))), { code: "WEIGHTS_INVALID" });
});

/** A file of one tensor "w" of float32 with these strides. */
function stridedFile(shape: readonly number[], strides: readonly number[], data: Float32Array): Buffer {
  const number = (value: number): string => {
    const bytes = Buffer.from("J\0\0\0\0", "latin1");
    bytes.writeInt32LE(value, 1);
    return bytes.toString("latin1");
  };
  const tuple = (values: readonly number[]): string => `(${values.map(number).join("")}t`;
  const pickle =
    "\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n" +
    `X\x01\0\0\x000X\x03\0\0\0cpu${number(data.length)}tQK\0${tuple(shape)}${tuple(strides)}\x89}tRs.`;
  return zip([
    { name: "archive/data.pkl", bytes: Buffer.from(pickle, "latin1") },
    { name: "archive/data/0", bytes: Buffer.from(data.buffer) },
  ]);
}

test("a torch tensor in another order is read in the order of its axes, whatever its strides", async () => {
  const cases: readonly (readonly [shape: readonly number[], strides: readonly number[]])[] = [
    [
      [3, 2],
      [1, 3],
    ],
    [
      [2, 3, 2, 2],
      [12, 1, 6, 3],
    ],
    [
      [4, 3],
      [0, 1],
    ],
    [
      [4, 3],
      [5, 0],
    ],
    [
      [3, 3],
      [1, 1],
    ],
    [
      [2, 0, 3],
      [1, 2, 5],
    ],
    [
      [1, 5],
      [7, 2],
    ],
    // Larger than a band along one axis, two axes, and with far apart rows.
    [
      [700, 900],
      [1, 700],
    ],
    [
      [3, 500, 400],
      [1, 3, 1500],
    ],
    [
      [3, 300_000],
      [1, 3],
    ],
    [
      [2, 300_001],
      [300_001, 2],
    ],
    [
      [2, 3],
      [1, 400_000],
    ],
  ];
  for (const [shape, strides] of cases) {
    const span = shape.reduce((sum, size, axis) => sum + Math.max(0, size - 1) * (strides[axis] ?? 0), 1);
    const data = Float32Array.from({ length: span }, (_, index) => index);
    const total = shape.reduce((product, size) => product * size, 1);
    const expected = Float32Array.from({ length: total }, (_, index) => {
      let [rest, place] = [index, 0];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        place += (rest % (shape[axis] ?? 1)) * (strides[axis] ?? 0);
        rest = Math.floor(rest / (shape[axis] ?? 1));
      }
      return place;
    });
    await using weights = await opened(stridedFile(shape, strides, data));
    const tensor = tensorOf(weights, "w");
    assert.deepEqual(await tensor.read(0, total), expected, `${shape} ${strides}`);
    const half = Math.floor(total / 2);
    assert.deepEqual(await tensor.read(0, half), expected.subarray(0, half));
    assert.deepEqual(await tensor.read(half, total - half), expected.subarray(half));
  }
});

test("a transposed torch tensor of more than 64 MiB is read, once for all its slices", async () => {
  const size = 4100;
  const data = Float32Array.from({ length: size * size }, (_, index) => index % 1000);
  await using weights = await opened(stridedFile([size, size], [1, size], data));
  const tensor = tensorOf(weights, "w");
  const start = performance.now();
  for (let row = 0; row < size; row += 50) {
    const values = await tensor.read(row * size, 50 * size);
    assert.deepEqual(
      [values[0], values[size], values[49 * size + 7]],
      [row % 1000, (row + 1) % 1000, (7 * size + row + 49) % 1000],
    );
  }
  assert.ok(performance.now() - start < 20_000);
});

test("a file of before torch 1.6 may have complex and quantized numbers beside its weights", async () => {
  const pickled = (...parts: readonly string[]): string => `\x80\x02${parts.join("")}.`;
  const storage = (type: string, key: string): string =>
    `(X\x07\0\0\0storagectorch\n${type}\nX\x01\0\0\0${key}X\x03\0\0\0cpuK\x02NtQ`;
  const tensor = (name: string, type: string, key: string): string =>
    `X\x01\0\0\0${name}ctorch._utils\n_rebuild_tensor_v2\n(${storage(type, key)}K\0K\x02\x85K\x01\x85\x89}tRs`;
  const quantized = `X\x01\0\0\0qctorch._utils\n_rebuild_qtensor\n(${storage("QInt8Storage", "b")}tRs`;
  const names = ["a", "b", "c"].map((key) => `X\x01\0\0\0${key}`).join("");
  const head = [
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
    pickled("M\xe9\x03"),
    pickled("}"),
    pickled("}", tensor("f", "ComplexFloatStorage", "a"), quantized, tensor("w", "FloatStorage", "c")),
    pickled("](", names, "e"),
  ].join("");
  const count = Buffer.from(BigInt64Array.of(2n).buffer);
  const floats = Buffer.from(Float32Array.of(1.5, -2).buffer);
  await using weights = await opened(
    Buffer.concat([
      ...[Buffer.from(head, "latin1"), count, Buffer.alloc(16), count, Buffer.alloc(2), count, floats],
    ]),
  );
  assert.deepEqual(await tensorOf(weights, "w").read(0, 2), Float32Array.of(1.5, -2));
  assert.equal(tensorOf(weights, "f").dtype, "torch.ComplexFloatStorage");
});

test("a zip of other files is said to be no file of weights, before anything in it is", async () => {
  const photographs = ["rose/1.jpg", "rose/2.jpg"].map((name) => ({
    name,
    bytes: Buffer.alloc(500),
    deflate: true,
  }));
  await assert.rejects(opened(zip(photographs)), {
    code: "WEIGHTS_INVALID",
    message:
      /the content of a zip of torch or of Keras\. Received a zip of other files, such as "rose\/1\.jpg"/,
  });
});

test("an impossible shape is refused for what is wrong with it", async () => {
  const of = (shape: readonly number[]) =>
    opened(safetensors({ w: { dtype: "F32", shape, data_offsets: [0, 8] } }, Buffer.alloc(8)));
  await assert.rejects(of([1e15, 1e15]), { message: /a shape of fewer than 2\^53 numbers for tensor "w"/ });
  await assert.rejects(of(Array(9).fill(1)), { message: /a shape of at most 8 sizes/ });
  await assert.rejects(of([-1, 2]), { message: /a shape of whole numbers/ });
});

test("where no state dictionary is, the message lists all places that it may have, averages included", async () => {
  const file = zip([{ name: "a/data.pkl", bytes: Buffer.from("\x80\x02}.", "latin1") }]);
  await assert.rejects(opened(file), { message: /as one of state_dict, .*, ema, model_ema/ });
});

test("a file of very many tensors is refused", async () => {
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const header = Object.fromEntries(
    Array.from({ length: 20_001 }, (_, index) => [`w${index}.weight`, entry]),
  );
  await assert.rejects(opened(safetensors(header, Buffer.alloc(8))), {
    code: "WEIGHTS_INVALID",
    message: /at most 20000 tensors\. Received 20001/,
  });
});
