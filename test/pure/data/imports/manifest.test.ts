import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { type AcceptedImage, buildManifest, type Manifest } from "../../../../src/data/imports/manifest.js";
import { seededRandom } from "../../../testkit/random.js";

const RATIOS = { validation: 0.2, test: 0.2, seed: 1 };

function accepted(sourceName: string, content = sourceName): AcceptedImage {
  const contentHash = createHash("sha256").update(content).digest("hex");
  return { sourceName, contentHash, widthPixels: 8, heightPixels: 8 };
}

function manifestOf(images: readonly AcceptedImage[], ratios = RATIOS): Promise<Manifest> {
  return buildManifest(images, [], ratios, null);
}

const IMAGES = ["daisy", "rose"].flatMap((name) =>
  Array.from({ length: 6 }, (_, n) => accepted(`${name}/${n}.jpg`)),
);

describe("classes", () => {
  test("are at the root or below folders that wrap everything", async () => {
    const wrapped = IMAGES.map((image) => ({
      ...image,
      sourceName: `photos/2024/${image.sourceName}`,
    }));
    assert.deepEqual((await manifestOf(IMAGES)).classNames, ["daisy", "rose"]);
    assert.deepEqual((await manifestOf(wrapped)).classNames, ["daisy", "rose"]);
  });

  test("are sorted and contain the images of their subfolders", async () => {
    const manifest = await manifestOf([
      accepted("b/x/1.jpg"),
      accepted("b/2.jpg"),
      accepted("a/3.jpg"),
      accepted("B/4.jpg"),
    ]);
    assert.deepEqual(manifest.classNames, ["B", "a", "b"]);
    assert.equal(manifest.samples.filter(({ classIndex }) => classIndex === 2).length, 2);
  });

  test("images outside of them have no label and are quarantined", async () => {
    const manifest = await manifestOf([...IMAGES, accepted("lost.jpg")]);
    assert.deepEqual(
      manifest.quarantine.map(({ sourceName, reason }) => [sourceName, reason]),
      [["lost.jpg", "OUTSIDE_CLASS_FOLDERS"]],
    );
  });

  test("are at least two; otherwise the import fails and lists what was found", async () => {
    const failure = async (images: readonly AcceptedImage[]): Promise<AppError> => {
      try {
        await manifestOf(images);
      } catch (error) {
        if (error instanceof AppError) return error;
      }
      throw new Error("It did not fail.");
    };
    assert.equal((await failure([])).code, "NO_IMAGES");
    assert.equal((await failure([accepted("1.jpg")])).code, "NO_CLASSES");
    assert.match((await failure([accepted("daisy/1.jpg")])).message, /only "daisy"/);
  });

  test("are one class when they differ in their Unicode form alone", async () => {
    const manifest = await manifestOf([
      accepted("caf\u00e9/1.jpg"),
      accepted("cafe\u0301/2.jpg"),
      accepted("tea/3.jpg"),
    ]);
    assert.deepEqual(manifest.classNames, ["caf\u00e9", "tea"]);
  });
});

describe("copies", () => {
  test("in one class stay, all in one split", async () => {
    const manifest = await manifestOf([...IMAGES, accepted("daisy/copy.jpg", "daisy/0.jpg")]);
    assert.equal(manifest.samples.length, 13);
    const hash = accepted("daisy/0.jpg").contentHash;
    const splits = manifest.samples
      .filter(({ contentHash }) => contentHash === hash)
      .map(({ split }) => split);
    assert.equal(splits.length, 2);
    assert.equal(splits[0], splits[1]);
  });

  test("in two classes are all quarantined", async () => {
    const manifest = await manifestOf([
      ...IMAGES,
      accepted("rose/wrong.jpg", "daisy/0.jpg"),
      accepted("daisy/copy.jpg", "daisy/0.jpg"),
    ]);
    assert.deepEqual(
      manifest.quarantine.map(({ sourceName, reason, position }) => [position, sourceName, reason]),
      [
        [0, "daisy/0.jpg", "CONFLICTING_LABEL"],
        [1, "daisy/copy.jpg", "CONFLICTING_LABEL"],
        [2, "rose/wrong.jpg", "CONFLICTING_LABEL"],
      ],
    );
    assert.match(manifest.quarantine[0]?.detail ?? "", /in the classes "daisy", "rose"\./);
    assert.equal(manifest.samples.length, 11);
  });
});

const { hash } = await manifestOf(IMAGES);

describe("the manifest's hash", () => {
  test("is equal for equal content, classes and splits, whatever the names and the order of the files", async () => {
    const random = seededRandom(3);
    for (let round = 0; round < 20; round++) {
      const shuffled = IMAGES.map((image, index) => ({
        image: { ...image, sourceName: image.sourceName.replace(/[^/]*$/, `${round}-${index}.png`) },
        key: random(),
      })).sort((a, b) => a.key - b.key);
      const manifest = await manifestOf(shuffled.map(({ image }) => image));
      assert.equal(manifest.hash, hash);
      // Equal hashes mean equal images at every position, so that packed pixels can be shared.
      assert.deepEqual(
        manifest.samples.map(({ contentHash, classIndex, split }) => [contentHash, classIndex, split]),
        (await manifestOf(IMAGES)).samples.map(({ contentHash, classIndex, split }) => [
          contentHash,
          classIndex,
          split,
        ]),
      );
    }
  });

  test("differs when an image, a class, a copy or a split differs", async () => {
    const changed = {
      "an image less": IMAGES.slice(1),
      "another image": [accepted("daisy/0.jpg", "another"), ...IMAGES.slice(1)],
      "a class called otherwise": IMAGES.map((p) => ({
        ...p,
        sourceName: p.sourceName.replace("rose", "tulip"),
      })),
      "a copy more": [...IMAGES, accepted("daisy/copy.jpg", "daisy/0.jpg")],
    };
    for (const [what, images] of Object.entries(changed))
      assert.notEqual((await manifestOf(images)).hash, hash, what);
    assert.notEqual((await manifestOf(IMAGES, { ...RATIOS, seed: 2 })).hash, hash, "another split");
  });

  test("is a SHA-256 in lower-case hexadecimal", () => assert.match(hash, /^[0-9a-f]{64}$/));
});

test("positions count from zero by class", async () => {
  const { samples } = await manifestOf(IMAGES);
  assert.deepEqual(
    samples.map(({ position }) => position),
    samples.map((_, index) => index),
  );
  assert.deepEqual(
    samples.map(({ classIndex }) => classIndex),
    samples.map((_, index) => (index < 6 ? 0 : 1)),
  );
});
