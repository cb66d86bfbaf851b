import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { networkVariables } from "../../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { fitWeights, type OfferedWeights } from "../../../../src/registry/weights/fit-weights.js";
import { reportOf } from "../../../../src/registry/weights/report.js";

const VGG16: NetworkSpec = {
  architecture: "VGG16",
  batchNormalization: false,
  widthMultiplier: 1,
  imageSizePixels: 224,
  head: { kind: "FULLY_CONNECTED", units: 4096, dropout: 0.5 },
  preprocessing: "IMAGENET_CAFFE",
  precision: "FLOAT32",
  classCount: 1000,
  seed: 0,
};

/** Content of a weights file of such a network. */
function weightsOf(network: NetworkSpec, without: RegExp = /^$/): OfferedWeights {
  const variables = networkVariables(network)
    .filter(({ name }) => !without.test(name))
    .map(({ name, shape }) => [name, { shape, dtype: "float32", source: `"${name}:0"` }] as const);
  return { looksLike: network.architecture, variables: new Map(variables), unknown: [] };
}

function namesOf(network: NetworkSpec): string[] {
  return networkVariables(network).map(({ name }) => name);
}

/** One line for each mismatch. */
function mismatchesOf(network: NetworkSpec, offered: OfferedWeights): string[] {
  try {
    fitWeights(network, offered);
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === "WEIGHTS_MISMATCH");
    return error.message.split("\n").slice(1);
  }
  return [];
}

function copied(network: NetworkSpec, offered: OfferedWeights): readonly string[] {
  return fitWeights(network, offered).copied;
}

test("weights of the same network give every variable its value", () => {
  assert.deepEqual(fitWeights(VGG16, weightsOf(VGG16)), {
    copied: namesOf(VGG16),
    random: [],
    classes: null,
  });
});

test("with another number of classes only the last layer starts at random", () => {
  const given = copied({ ...VGG16, classCount: 5 }, weightsOf(VGG16));
  assert.deepEqual(given, namesOf(VGG16).slice(0, -2));
  assert.deepEqual(namesOf(VGG16).slice(-2), ["predictions/kernel", "predictions/bias"]);
});

test("without a head in the file, or with one of another kind, the whole head starts at random", () => {
  const convolutions = namesOf(VGG16).filter((name) => name.startsWith("block"));
  assert.deepEqual(copied(VGG16, weightsOf(VGG16, /^(fc|predictions)/)), convolutions);
  const pooled = { ...VGG16, head: { ...VGG16.head, kind: "GLOBAL_AVERAGE_POOLING" as const } };
  assert.deepEqual(copied(pooled, weightsOf(VGG16)), convolutions);
  assert.deepEqual(copied(VGG16, weightsOf(pooled)), convolutions);
});

test("the last layer starts at random where the source's head lacks it", () => {
  assert.deepEqual(copied(VGG16, weightsOf(VGG16, /^predictions/)), namesOf(VGG16).slice(0, -2));
});

test("a message says what the weights look like, and lists the first of all mismatches", () => {
  const network: NetworkSpec = { ...VGG16, architecture: "VGG19", batchNormalization: true };
  const mismatches = mismatchesOf(network, weightsOf({ ...VGG16, widthMultiplier: 0.5 }));
  assert.equal(
    mismatches[0],
    '- block1_conv1/kernel: expected [3, 3, 3, 64], found [3, 3, 3, 32] ("block1_conv1/kernel:0").',
  );
  assert.equal(mismatches[1], "- block1_bn1/gamma: expected [64], found nothing.");
  // 16 kernels, of which three are missing, the normalizations of all sixteen, and the 13 biases of the file.
  assert.equal(mismatches.length, 7);
  assert.equal(mismatches[6], `- and ${16 + 16 * 4 + 13 - 6} more.`);
  assert.throws(() => fitWeights(network, weightsOf(VGG16)), {
    code: "WEIGHTS_MISMATCH",
    message:
      /^The run trains VGG19 with batch normalization, width 1, 224 pixels, head FULLY_CONNECTED\. The weights look like VGG16\./,
  });
});

test("a layer of the head that does not fit starts at random, at any image size", () => {
  const { copied: given, random } = fitWeights({ ...VGG16, imageSizePixels: 64 }, weightsOf(VGG16));
  assert.deepEqual(
    given,
    namesOf(VGG16).filter((name) => !name.startsWith("fc1/")),
  );
  const reason = 'it needs [2048, 4096], and there is [25088, 4096] ("fc1/kernel:0")';
  assert.deepEqual(random, [
    { variable: "fc1/kernel", reason },
    { variable: "fc1/bias", reason },
  ]);
  const pooled = { ...VGG16, head: { ...VGG16.head, kind: "GLOBAL_AVERAGE_POOLING" as const } };
  assert.deepEqual(fitWeights(pooled, weightsOf(VGG16)).random, [
    {
      variable: "predictions/kernel",
      reason: "the head of the weights is FULLY_CONNECTED, and that of the run is GLOBAL_AVERAGE_POOLING",
    },
    {
      variable: "predictions/bias",
      reason: "the head of the weights is FULLY_CONNECTED, and that of the run is GLOBAL_AVERAGE_POOLING",
    },
  ]);
});

test("a layer of the head without its bias keeps its kernel, and the bias its first value", () => {
  assert.deepEqual(fitWeights(VGG16, weightsOf(VGG16, /^fc2\/bias$/)).random, [
    { variable: "fc2/bias", reason: "there is none" },
  ]);
});

test("numbers of another type and unknown layers are mismatches", () => {
  const offered = weightsOf(VGG16);
  const variables = new Map(offered.variables);
  variables.set("block1_conv1/bias", { shape: [64], dtype: "int8", source: '"b"' });
  assert.deepEqual(mismatchesOf(VGG16, { looksLike: null, variables, unknown: ["- another layer."] }), [
    '- block1_conv1/bias: expected floats, found int8 ("b").',
    "- another layer.",
  ]);
});

describe("classes are found by their names", () => {
  const THREE = { ...VGG16, classCount: 3 };
  const offered = { ...weightsOf(THREE), classNames: ["daisy", "rose", "tulip"] };
  const fit = (...classNames: string[]) =>
    fitWeights({ ...VGG16, classCount: classNames.length }, offered, classNames);

  test("in the same order, the last layer is copied as it is", () => {
    assert.deepEqual(fit("daisy", "rose", "tulip"), { copied: namesOf(VGG16), random: [], classes: null });
  });

  test("in another order, as a part, and beside new ones", () => {
    const cases = {
      "tulip daisy rose": [2, 0, 1],
      "rose tulip": [1, 2],
      "aster daisy iris rose tulip": [null, 0, null, 1, 2],
      "aster rose iris": [null, 1, null],
    };
    for (const [names, positions] of Object.entries(cases)) {
      const { copied: given, random, classes } = fit(...names.split(" "));
      assert.deepEqual([given, random], [namesOf(VGG16), []], names);
      assert.deepEqual(classes, { sourceCount: 3, positions }, names);
    }
  });

  test("of classes that are all new, the last layer starts at random, whatever their number", () => {
    for (const names of ["aster iris", "aster iris lily"]) {
      const { copied: given, random, classes } = fit(...names.split(" "));
      assert.deepEqual(given, namesOf(VGG16).slice(0, -2));
      assert.deepEqual(random[0], { variable: "predictions/kernel", reason: "all classes are new" });
      assert.equal(classes, null);
    }
  });

  test("a source that does not name its classes is fitted by their number", () => {
    const unnamed = { ...offered, classNames: null };
    assert.deepEqual(fitWeights(THREE, unnamed, ["rose", "daisy", "aster"]).random, []);
    assert.equal(fitWeights(VGG16, unnamed, ["rose"]).random.length, 2);
  });

  test("the report lists them, and only so many", () => {
    const wanted = {
      network: { ...VGG16, classCount: 4 },
      classNames: ["iris", "tulip", "aster", "rose"],
      epsilon: null,
    };
    const fitted = fitWeights(wanted.network, offered, wanted.classNames);
    assert.deepEqual(reportOf("flowers:3", wanted, offered, fitted).classes, {
      copied: ["tulip", "rose"],
      copiedCount: 2,
      fresh: ["iris", "aster"],
      freshCount: 2,
    });
    const many = Array.from({ length: 12_000 }, (_, index) => (index === 7 ? "rose" : `class ${index}`));
    const large = { network: { ...VGG16, classCount: many.length }, classNames: many, epsilon: null };
    const report = reportOf("flowers:3", large, offered, fitWeights(large.network, offered, many));
    assert.deepEqual([report.classes?.copied, report.classes?.freshCount], [["rose"], 11_999]);
    assert.equal(report.classes?.fresh.length, 100);
  });
});
