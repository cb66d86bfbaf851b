import assert from "node:assert/strict";
import { open, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { type Hdf5Tensor, hdf5File } from "../../../src/exports/files/hdf5.js";
import { ByteRange } from "../../../src/registry/weights/byte-range.js";
import { type Hdf5Group, readHdf5 } from "../../../src/registry/weights/hdf5/hdf5-file.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import { askGoldenScript, whyNoPython } from "../../testkit/test-python.js";

async function* values(
  tensors: readonly Hdf5Tensor[],
  startOf = (index: number) => index * 1000,
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  for (const [index, { shape }] of tensors.entries()) {
    const length = shape.reduce((product, size) => product * size, 1);
    yield Float32Array.from({ length }, (_, element) => startOf(index) + element / 8);
  }
}

async function bytesOf(
  tensors: readonly Hdf5Tensor[],
  given = values(tensors),
  groups: readonly (readonly string[])[] = [],
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of hdf5File(tensors, given, groups)) parts.push(part);
  return Buffer.concat(parts);
}

function tensorAt(root: Hdf5Group, { path: names }: Hdf5Tensor) {
  const group = names.slice(0, -1).reduce((outer, name) => outer.groups.get(name)!, root);
  return group.tensors.get(names.at(-1)!)!;
}

/** More members than a node of a tree has; names in an order that is not that of their bytes; sizes that need padding. */
const MANY: readonly Hdf5Tensor[] = [
  { path: ["alone"], shape: [3] },
  ...Array.from({ length: 70 }, (_, index) => ({
    path: ["layers", index === 0 ? "conv2d" : `conv2d_${index}`, "vars", "0"],
    shape: [1, 1, 3, 1 + (index % 5)],
  })),
  { path: ["layers", "conv2d", "vars", "1"], shape: [7] },
  { path: ["layers", "dense", "vars", "0"], shape: [2, 5] },
];

test("the reader of initial weights reads every tensor of a written HDF5 file", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "many.h5");
  await writeFile(file, await bytesOf(MANY, values(MANY), [["empty"], ["layers", "empty"]]));
  await using handle = await open(file);
  const root = await readHdf5(await ByteRange.of(handle));
  assert.deepEqual(root.groups.get("empty")?.groups, new Map());
  assert.deepEqual(root.groups.get("layers")?.groups.get("empty")?.tensors, new Map());
  assert.equal(root.groups.get("layers")?.groups.size, 72);
  const expected = values(MANY);
  for (const tensor of MANY) {
    const found = tensorAt(root, tensor);
    const { value } = await expected.next();
    assert.deepEqual(found.shape, tensor.shape);
    assert.equal(found.dtype, "float32");
    assert.deepEqual(await found.read(0, value.length), value);
  }
});

test("the bytes of an HDF5 file depend on its tensors alone", async () => {
  const bytes = await bytesOf(MANY);
  assert.deepEqual(await bytesOf(MANY), bytes);
  assert.notDeepEqual(
    await bytesOf(
      MANY,
      values(MANY, () => 1),
    ),
    bytes,
  );
});

test("tensors are asked for one after the other, and nothing is written over", async () => {
  let asked = 0;
  const counted = (async function* () {
    for await (const value of values(MANY)) {
      asked++;
      yield value;
    }
  })();
  const askedAtParts: number[] = [];
  for await (const _ of hdf5File(MANY, counted)) askedAtParts.push(asked);
  // The superblock, the elements and the padding of each tensor, and the descriptions.
  assert.deepEqual(askedAtParts.slice(0, 2 * MANY.length + 1), [
    0,
    ...MANY.flatMap((_, index) => [index + 1, index + 1]),
  ]);
});

test("values that do not fit the tensors are refused", async () => {
  const [first, ...others] = MANY;
  await assert.rejects(bytesOf(MANY, values(others)), /Expected 12 bytes of a tensor\. Received 24\./);
  await assert.rejects(bytesOf([first!], values(MANY)), /Expected 1 tensors\. Received more\./);
  await assert.rejects(bytesOf(MANY, values([first!])), /Expected 73 tensors\. Received 1\./);
});

test("a group with more members than its tree can hold is refused", async () => {
  const tensors = Array.from({ length: 257 }, (_, index) => ({ path: [`t${index}`], shape: [1] }));
  await assert.rejects(bytesOf(tensors), /at most 256 members of an HDF5 group/);
  await bytesOf(tensors.slice(1));
});

test("h5py reads every tensor of a written HDF5 file", { skip: await whyNoPython("h5py") }, async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "many.h5");
  await writeFile(file, await bytesOf(MANY, values(MANY), [["empty"]]));
  const { empty, ...found } = await askGoldenScript<Readonly<Record<string, Tensor | null>>>(
    "exports/read_hdf5.py",
    file,
  );
  assert.equal(empty, null);
  const expected = values(MANY);
  for (const { path: names, shape } of MANY) {
    const { value } = await expected.next();
    assert.deepEqual(found[names.join("/")], { dtype: "<f4", shape, elements: [...value] });
  }
  assert.equal(Object.keys(found).length, MANY.length);
});

/** Output of read_hdf5.py. */
interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly elements: readonly number[];
}
