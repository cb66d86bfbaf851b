import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { type FittedWeights, fitWeights } from "../../../../src/registry/weights/fit-weights.js";
import { offerWeights } from "../../../../src/registry/weights/layouts/offer-weights.js";
import { openWeightsFile } from "../../../../src/registry/weights/weights-file.js";
import {
  renamed,
  type SavedTensor,
  type StateDict,
  safetensorsFile,
  stateDictOf,
  torchFile,
} from "../../../testkit/files/torch-files.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const POOLED: NetworkSpec = {
  architecture: "VGG11",
  batchNormalization: false,
  widthMultiplier: 1 / 16,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 32, dropout: 0 },
  preprocessing: "SCALE_0_1",
  precision: "FLOAT32",
  classCount: 3,
  seed: 0,
};
const CONNECTED: NetworkSpec = { ...POOLED, head: { ...POOLED.head, kind: "FULLY_CONNECTED" } };
const RESNET: NetworkSpec = { ...POOLED, architecture: "RESNET18", batchNormalization: true };

interface Imported extends FittedWeights {
  readonly ignored: readonly string[];
  /** The first value of a variable. */
  first(variable: string): number | undefined;
}

async function imported(bytes: Buffer, network: NetworkSpec): Promise<Imported> {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "weights");
  await writeFile(file, bytes);
  await using weights = await openWeightsFile(file);
  const offer = offerWeights(weights.content, network);
  const firsts = new Map<string, number | undefined>();
  const fitted = fitWeights(network, offer);
  for (const name of fitted.copied) firsts.set(name, (await offer.variables.get(name)?.read())?.[0]);
  return { ...fitted, ignored: offer.ignored, first: (variable) => firsts.get(variable) };
}

/** [outputs, inputs], with `value` everywhere. */
function matrix(outputs: number, inputs: number, value: number): SavedTensor {
  return { shape: [outputs, inputs], values: Array(outputs * inputs).fill(value) };
}

function figures(count: number): SavedTensor {
  return { shape: [count], values: Array(count).fill(1) };
}

describe("three dense layers with names of one's own", () => {
  const stages = stateDictOf(CONNECTED, { head: false });
  const headOf = (units: number): StateDict => ({
    "hidden.0.weight": matrix(32, 32, 1),
    "hidden.0.bias": figures(32),
    "hidden.2.weight": matrix(units, 32, 2),
    "hidden.2.bias": figures(units),
    "final.weight": matrix(3, units, 3),
    "final.bias": figures(3),
  });

  test("of torch.save keep the order of the modules", async () => {
    const found = await imported(torchFile({ ...stages, ...headOf(32) }), CONNECTED);
    assert.deepEqual(found.random, []);
    const values = ["fc1", "fc2", "predictions"].map((layer) => found.first(`${layer}/kernel`));
    assert.deepEqual(values, [1, 2, 3]);
  });

  test("of safetensors start at random where their shapes allow two orders", async () => {
    const found = await imported(safetensorsFile({ ...stages, ...headOf(32) }), CONNECTED);
    assert.equal(found.random.length, 6);
    assert.equal(
      found.random[0]?.reason,
      "its head has 3 dense layers, and neither their names nor their shapes tell their order",
    );
  });

  test("of safetensors have the order that their shapes prove", async () => {
    const network: NetworkSpec = { ...CONNECTED, head: { ...CONNECTED.head, units: 48 } };
    const head: StateDict = {
      "z.weight": matrix(48, 32, 1),
      "b.weight": matrix(48, 48, 2),
      "a.weight": matrix(3, 48, 3),
    };
    const found = await imported(safetensorsFile({ ...stages, ...head }), network);
    const values = ["fc1", "fc2", "predictions"].map((layer) => found.first(`${layer}/kernel`));
    assert.deepEqual(values, [1, 2, 3]);
  });

  test("with the names of torchvision need no order", async () => {
    const found = await imported(safetensorsFile(stateDictOf(CONNECTED)), CONNECTED);
    assert.deepEqual(found.random, []);
  });
});

describe("tensors that are no part of the network are ignored and listed, with and without a prefix", () => {
  const plain = stateDictOf(POOLED);
  const { "classifier.6.weight": weight, "classifier.6.bias": bias, ...stages } = plain;
  const copyOf = (prefix: string): StateDict => renamed(plain, (name) => prefix + name);
  const long = (shape: readonly number[], count: number): SavedTensor => ({
    ...{ shape, values: Array(count).fill(1) },
    storage: "LongStorage",
  });
  const cases: Readonly<Record<string, StateDict>> = {
    "an average of the weights": copyOf("ema."),
    "a teacher": copyOf("teacher.net."),
    "the weights of a loss": { "criterion.weight": figures(3) },
    "the weights of classes in a loss of another name": { "ce.weight": figures(3) },
    "a normalization of inputs": {
      mean: { shape: [1, 3, 1, 1], values: [1, 1, 1] },
      std: { shape: [1, 3, 1, 1], values: [1, 1, 1] },
    },
    "an auxiliary head": { "aux.weight": matrix(3, 32, 7), "aux.bias": figures(3) },
    "a projection": { "proj.weight": matrix(8, 32, 7) },
    "a confusion matrix": { "train_cm.confmat": long([3, 3], 9) },
    "counts of a metric": { "train_acc.tp": long([3], 3) },
    "a figure": { n_averaged: long([], 1), "scale.value": { shape: [], values: [2] } },
  };
  for (const [description, beside] of Object.entries(cases)) {
    test(description, async () => {
      const expected = (await imported(torchFile(plain), POOLED)).first("predictions/kernel");
      for (const saved of [
        { ...plain, ...beside },
        { ...beside, ...plain },
      ]) {
        const { random, ignored, first } = await imported(torchFile(saved), POOLED);
        assert.deepEqual(random, []);
        assert.deepEqual([...ignored].sort(), Object.keys(beside).sort());
        assert.equal(first("predictions/kernel"), expected);
      }
      const below = { ...renamed(plain, (name) => `model.${name}`), ...beside };
      const { random, ignored } = await imported(torchFile(below), POOLED);
      assert.deepEqual([random, [...ignored].sort()], [[], Object.keys(beside).sort()]);
    });
  }

  test("also of a ResNet", async () => {
    const resnet = stateDictOf(RESNET);
    const beside = { ...renamed(resnet, (name) => `ema.${name}`), "criterion.weight": figures(3) };
    const { random, ignored } = await imported(torchFile({ ...resnet, ...beside }), RESNET);
    assert.deepEqual(random, []);
    const listed = Object.keys(beside).filter((name) => !name.endsWith("num_batches_tracked"));
    assert.deepEqual([...ignored].sort(), listed.sort());
  });

  test("a dense layer whose shape fits before the last one makes the head random", async () => {
    assert.ok(weight !== undefined && bias !== undefined);
    const beside = { "bottleneck.weight": matrix(32, 32, 7) };
    const { random } = await imported(torchFile({ ...plain, ...beside }), POOLED);
    assert.match(random[0]?.reason ?? "", /2 dense layers/);
  });

  test("of two heads none is chosen", async () => {
    const two = { ...stages, "first.weight": matrix(3, 32, 1), "second.weight": matrix(3, 32, 2) };
    assert.equal((await imported(torchFile(two), POOLED)).random.length, 2);
    const known = { ...plain, "head.fc.weight": matrix(3, 32, 2) };
    assert.equal((await imported(torchFile(known), POOLED)).random.length, 2);
  });

  for (const [description, beside] of Object.entries({
    "a normalization": { "norm.running_mean": figures(3), "norm.running_var": figures(3) },
    "a normalization of layers": { "norm.weight": figures(32), "norm.bias": figures(32) },
    "a convolution": { "reduce.weight": { shape: [32, 32, 1, 3], values: Array(3072).fill(1) } },
  })) {
    test(`${description} may change the result, and is refused`, async () => {
      await assert.rejects(imported(torchFile({ ...plain, ...beside }), POOLED), {
        code: "WEIGHTS_MISMATCH",
        message: /expected nothing of that name/,
      });
    });
  }
});
