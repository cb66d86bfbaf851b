import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { type DrawnFile, drawFlowers } from "../../../demo/draw-flowers.js";

const CLASSES = ["daisy", "dandelion", "rose", "sunflower", "tulip"];

async function drawn(options: { perClass: number; seed: number }): Promise<DrawnFile[]> {
  const files: DrawnFile[] = [];
  const onFile = (file: DrawnFile): void => {
    files.push(file);
  };
  await drawFlowers({ to: { onFile }, sizePixels: 48, ...options });
  return files;
}

test("the same seed draws the same files, and another seed draws other files", async () => {
  const [once, again, other] = [
    await drawn({ perClass: 3, seed: 7 }),
    await drawn({ perClass: 3, seed: 7 }),
    await drawn({ perClass: 3, seed: 8 }),
  ];
  assert.deepEqual(once, again);
  assert.notDeepEqual(once[0]?.bytes, other[0]?.bytes);
});

test("a larger number of images begins with the same images", async () => {
  const few = await drawn({ perClass: 2, seed: 1 });
  const more = new Map((await drawn({ perClass: 4, seed: 1 })).map(({ name, bytes }) => [name, bytes]));
  for (const { name, bytes } of few.slice(0, 2 * CLASSES.length)) assert.deepEqual(more.get(name), bytes);
});

test("every class has JPEG and PNG images of the requested size", async () => {
  const images = (await drawn({ perClass: 8, seed: 0 })).slice(0, 8 * CLASSES.length);
  const formats = new Set<string>();
  for (const { name, bytes } of images) {
    const { width, height, format } = await sharp(bytes).metadata();
    assert.deepEqual([width, height], [48, 48], name);
    formats.add(`${path.dirname(name)} ${format}`);
  }
  assert.deepEqual(
    [...formats].sort(),
    CLASSES.flatMap((name) => [`${name} jpeg`, `${name} png`]),
  );
});

test("a folder receives one folder per class, with broken files among the images", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-flowers-"));
  t.after(() => rm(folder, { recursive: true }));
  const result = await drawFlowers({ to: { folder }, perClass: 2, sizePixels: 32, seed: 0 });
  assert.deepEqual(result, { classNames: CLASSES, imageCount: 10, brokenCount: 4 });
  assert.deepEqual((await readdir(folder)).sort(), CLASSES);
  assert.equal((await readdir(folder, { recursive: true })).length, CLASSES.length + 10 + 4);

  const interrupted = await readFile(path.join(folder, "daisy/download-interrupted.jpg"));
  await assert.rejects(sharp(interrupted, { failOn: "truncated" }).raw().toBuffer());
  assert.equal((await readFile(path.join(folder, "rose/empty.jpg"))).length, 0);
});
