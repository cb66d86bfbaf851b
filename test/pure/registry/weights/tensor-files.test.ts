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
