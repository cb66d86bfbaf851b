import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { type FittedWeights, fitWeights } from "../../../../src/registry/weights/fit-weights.js";
import { offerWeights } from "../../../../src/registry/weights/layouts/offer-weights.js";
import { reportOf } from "../../../../src/registry/weights/report.js";
import { openWeightsFile } from "../../../../src/registry/weights/weights-file.js";
import {
  type Saved,
  SavedObject,
  safetensorsFile,
  stateDictOf,
  torchFile,
} from "../../../testkit/files/torch-files.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const NETWORK: NetworkSpec = {
  architecture: "VGG11",
  batchNormalization: false,
  widthMultiplier: 1 / 16,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0 },
  preprocessing: "SCALE_0_1",
  precision: "FLOAT32",
  classCount: 3,
  seed: 0,
};
const WEIGHTS = stateDictOf(NETWORK);

interface Named extends FittedWeights {
  readonly flaw: string | null;
  readonly reported: readonly string[] | null;
}

function named(saved: Saved, classNames: readonly string[]): Promise<Named> {
  return namedIn(torchFile(saved), classNames);
}

async function namedIn(bytes: Buffer, classNames: readonly string[]): Promise<Named> {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "weights.pth");
  await writeFile(file, bytes);
  await using weights = await openWeightsFile(file);
  const network = { ...NETWORK, classCount: classNames.length };
  const offer = offerWeights(weights.content, network);
  const fitted = fitWeights(network, offer, classNames);
  const { classes } = reportOf("file", { network, classNames, epsilon: null }, offer, fitted);
  return { ...fitted, flaw: offer.classNamesFlaw, reported: classes?.copied ?? null };
}

const OURS = ["rose", "tulip", "daisy"];
/** The same classes in the order of the file. */
const THEIRS = ["tulip", "daisy", "rose"];
const MAPPED = { sourceCount: 3, positions: [2, 0, 1] };

describe("class names are found", () => {
  const indices = { tulip: 0, daisy: 1, rose: 2 };
  const byIndex = new Map<Saved, Saved>(THEIRS.map((name, index) => [index, name]));
  const cases: Readonly<Record<string, Saved>> = {
    "beside the weights": { state_dict: WEIGHTS, class_to_idx: indices },
    "in an inner dictionary": { checkpoint: { state_dict: WEIGHTS, class_to_idx: indices } },
    "in the outermost one": { checkpoint: { state_dict: WEIGHTS }, classes: THEIRS },
    "among the weights": { ...WEIGHTS, class_names: THEIRS },
    "in the facts beside them": { state_dict: WEIGHTS, meta: { CLASSES: THEIRS } },
    "in the hyperparameters": { state_dict: WEIGHTS, hyper_parameters: { class_names: THEIRS } },
    "by their indices": { state_dict: WEIGHTS, idx_to_class: byIndex },
    "by their indices, as classes": { state_dict: WEIGHTS, classes: byIndex },
    "by texts of their indices": { state_dict: WEIGHTS, id2label: { 1: "daisy", 0: "tulip", 2: "rose" } },
    "the nearest ones": {
      checkpoint: { state_dict: WEIGHTS, class_to_idx: indices },
      class_to_idx: { rose: 0, tulip: 1, daisy: 2 },
    },
    "those of the right count": { state_dict: WEIGHTS, classes: ["flower", "tree"], class_names: THEIRS },
    "beside a list that is of no use": { state_dict: WEIGHTS, classes: 3, class_to_idx: indices },
  };
  for (const [place, saved] of Object.entries(cases)) {
    test(place, async () => {
      const { classes, flaw, reported } = await named(saved, OURS);
      assert.deepEqual([classes, flaw], [MAPPED, null]);
      assert.deepEqual(reported, OURS);
    });
  }

  test("in either form that Unicode has for a name", async () => {
    const [composed, decomposed] = ["é".normalize("NFC"), "é".normalize("NFD")];
    const fromMac = await named({ state_dict: WEIGHTS, classes: ["a", "b", decomposed] }, [
      composed,
      "a",
      "b",
    ]);
    assert.deepEqual(fromMac.classes, { sourceCount: 3, positions: [2, 0, 1] });
    const toMac = await named({ state_dict: WEIGHTS, classes: ["a", "b", composed] }, ["a", "b", decomposed]);
    assert.deepEqual([toMac.classes, toMac.random], [null, []]);
  });
});

describe("class names that cannot be used are not silent, and nothing is reported as copied by name", () => {
  const cases: Readonly<Record<string, readonly [Readonly<Record<string, Saved>>, string]>> = {
    "too few": [{ classes: ["tulip", "rose"] }, '"classes" has 2 names for 3 outputs'],
    "too many": [{ classes: [...THEIRS, "background"] }, '"classes" has 4 names for 3 outputs'],
    "one twice": [{ class_names: ["rose", "rose", "tulip"] }, '"class_names" has a name twice'],
    "one in two forms": [{ classes: ["\u00e9", "e\u0301", "tulip"] }, '"classes" has a name twice'],
    "two at one index": [
      { class_to_idx: { tulip: 0, daisy: 0, rose: 1 } },
      '"class_to_idx" does not number the classes from 0 without gaps and repetitions',
    ],
    "from 1 on": [
      { class_to_idx: { tulip: 1, daisy: 2, rose: 3 } },
      '"class_to_idx" does not number the classes from 0 without gaps and repetitions',
    ],
    "with a gap": [
      {
        idx_to_class: new Map<Saved, Saved>([
          [0, "tulip"],
          [2, "daisy"],
          [3, "rose"],
        ]),
      },
      '"idx_to_class" does not number the classes from 0 without gaps and repetitions',
    ],
    "with indices that are no numbers": [
      { class_to_idx: { tulip: "a", daisy: "b", rose: "c" } },
      '"class_to_idx" does not pair names with whole numbers',
    ],
    "numbers in place of names": [{ classes: [0, 1, 2] }, '"classes" has other values than texts'],
    "an array of NumPy": [
      { classes: new SavedObject("numpy.core.multiarray._reconstruct") },
      '"classes" is an object of "numpy.core.multiarray._reconstruct", which is not read',
    ],
    "a number": [{ classes: 3 }, '"classes" is no list of names'],
    none: [{ classes: [] }, '"classes" is empty'],
    "two lists in different orders": [
      { classes: THEIRS, class_names: OURS },
      '"class_names" and "classes" contradict each other',
    ],
  };
  for (const [description, [beside, expected]] of Object.entries(cases)) {
    test(description, async () => {
      const { classes, random, flaw, reported } = await named({ state_dict: WEIGHTS, ...beside }, OURS);
      assert.deepEqual([classes, random, reported], [null, [], null]);
      assert.equal(flaw, expected);
    });
  }

  test("and where there are none, nothing is said", async () => {
    assert.equal((await named({ state_dict: WEIGHTS, epoch: 3 }, OURS)).flaw, null);
  });
});

test("class names in the metadata of safetensors count in the same way, as JSON", async () => {
  const lists = [JSON.stringify(THEIRS), JSON.stringify({ tulip: 0, daisy: 1, rose: 2 })];
  for (const classes of [...lists, JSON.stringify({ 0: "tulip", 1: "daisy", 2: "rose" })]) {
    const found = await namedIn(safetensorsFile(WEIGHTS, { format: "pt", classes }), OURS);
    assert.deepEqual([found.classes, found.flaw], [MAPPED, null], classes);
  }
  const text = await namedIn(safetensorsFile(WEIGHTS, { classes: "tulip, daisy" }), OURS);
  assert.deepEqual([text.classes, text.flaw], [null, '"classes" is no list of names']);
  const none = await namedIn(safetensorsFile(WEIGHTS, { format: "pt" }), OURS);
  assert.deepEqual([none.classes, none.flaw], [null, null]);
});
