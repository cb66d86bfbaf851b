import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { type AcceptedPicture, buildManifest, type Manifest } from "../../../../src/data/imports/manifest.js";
import { seededRandom } from "../../../testkit/random.js";

const RATIOS = { validation: 0.2, test: 0.2, seed: 1 };

function accepted(sourceName: string, content = sourceName): AcceptedPicture {
  const contentHash = createHash("sha256").update(content).digest("hex");
  return { sourceName, contentHash, widthPixels: 8, heightPixels: 8 };
}

function manifestOf(pictures: readonly AcceptedPicture[], ratios = RATIOS): Promise<Manifest> {
  return buildManifest(pictures, [], ratios, null);
}

const PICTURES = ["daisy", "rose"].flatMap((name) =>
  Array.from({ length: 6 }, (_, n) => accepted(`${name}/${n}.jpg`)),
);

describe("classes", () => {
  test("lie at the root or below folders that wrap everything", async () => {
    const wrapped = PICTURES.map((picture) => ({
      ...picture,
      sourceName: `photos/2024/${picture.sourceName}`,
    }));
    assert.deepEqual((await manifestOf(PICTURES)).classNames, ["daisy", "rose"]);
    assert.deepEqual((await manifestOf(wrapped)).classNames, ["daisy", "rose"]);
  });

  test("are sorted, and hold the pictures of their subfolders", async () => {
    const manifest = await manifestOf([
      accepted("b/x/1.jpg"),
      accepted("b/2.jpg"),
      accepted("a/3.jpg"),
      accepted("B/4.jpg"),
    ]);
    assert.deepEqual(manifest.classNames, ["B", "a", "b"]);
    assert.equal(manifest.samples.filter(({ classIndex }) => classIndex === 2).length, 2);
  });

  test("pictures beside them have no label and are set aside", async () => {
    const manifest = await manifestOf([...PICTURES, accepted("lost.jpg")]);
    assert.deepEqual(
      manifest.quarantine.map(({ sourceName, reason }) => [sourceName, reason]),
      [["lost.jpg", "OUTSIDE_CLASS_FOLDERS"]],
    );
  });

  test("are at least two, or the import fails with what was found", async () => {
    const failure = async (pictures: readonly AcceptedPicture[]): Promise<AppError> => {
      try {
        await manifestOf(pictures);
      } catch (error) {
        if (error instanceof AppError) return error;
      }
      throw new Error("It did not fail.");
    };
    assert.equal((await failure([])).code, "NO_IMAGES");
    assert.equal((await failure([accepted("1.jpg")])).code, "NO_CLASSES");
    assert.match((await failure([accepted("daisy/1.jpg")])).message, /only "daisy"/);
  });

  test("are one class when only their Unicode form differs", async () => {
    const manifest = await manifestOf([
      accepted("caf\u00e9/1.jpg"),
      accepted("cafe\u0301/2.jpg"),
      accepted("tea/3.jpg"),
    ]);
    assert.deepEqual(manifest.classNames, ["caf\u00e9", "tea"]);
  });
});

describe("copies", () => {
  test("in one class are kept, all in one split", async () => {
    const manifest = await manifestOf([...PICTURES, accepted("daisy/copy.jpg", "daisy/0.jpg")]);
    assert.equal(manifest.samples.length, 13);
    const hash = accepted("daisy/0.jpg").contentHash;
    const splits = manifest.samples
      .filter(({ contentHash }) => contentHash === hash)
      .map(({ split }) => split);
    assert.equal(splits.length, 2);
    assert.equal(splits[0], splits[1]);
  });

  test("in two classes are quarantined, every one of them", async () => {
    const manifest = await manifestOf([
      ...PICTURES,
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
    assert.match(manifest.quarantine[0]?.detail ?? "", /daisy, rose/);
    assert.equal(manifest.samples.length, 11);
  });
});

const { hash } = await manifestOf(PICTURES);

describe("the manifest's hash", () => {
  test("is equal for equal content, classes and splits, however files are called and ordered", async () => {
    const random = seededRandom(3);
    for (let round = 0; round < 20; round++) {
      const shuffled = PICTURES.map((picture, index) => ({
        picture: { ...picture, sourceName: picture.sourceName.replace(/[^/]*$/, `${round}-${index}.png`) },
        key: random(),
      })).sort((a, b) => a.key - b.key);
      const manifest = await manifestOf(shuffled.map(({ picture }) => picture));
      assert.equal(manifest.hash, hash);
      // What it means: the same picture at every position, so that packed pixels can be shared.
      assert.deepEqual(
        manifest.samples.map(({ contentHash, classIndex, split }) => [contentHash, classIndex, split]),
        (await manifestOf(PICTURES)).samples.map(({ contentHash, classIndex, split }) => [
          contentHash,
          classIndex,
          split,
        ]),
      );
    }
  });

  test("differs when a picture, a class, a copy or a split differs", async () => {
    const changed = {
      "a picture less": PICTURES.slice(1),
      "another picture": [accepted("daisy/0.jpg", "another"), ...PICTURES.slice(1)],
      "a class called otherwise": PICTURES.map((p) => ({
        ...p,
        sourceName: p.sourceName.replace("rose", "tulip"),
      })),
      "a copy more": [...PICTURES, accepted("daisy/copy.jpg", "daisy/0.jpg")],
    };
    for (const [what, pictures] of Object.entries(changed))
      assert.notEqual((await manifestOf(pictures)).hash, hash, what);
    assert.notEqual((await manifestOf(PICTURES, { ...RATIOS, seed: 2 })).hash, hash, "another split");
  });

  test("is a SHA-256 in lower-case hexadecimal", () => assert.match(hash, /^[0-9a-f]{64}$/));
});

test("positions count from zero by class", async () => {
  const { samples } = await manifestOf(PICTURES);
  assert.deepEqual(
    samples.map(({ position }) => position),
    samples.map((_, index) => index),
  );
  assert.deepEqual(
    samples.map(({ classIndex }) => classIndex),
    samples.map((_, index) => (index < 6 ? 0 : 1)),
  );
});
