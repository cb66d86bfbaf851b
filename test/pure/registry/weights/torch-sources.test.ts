import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { networkVariables } from "../../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { type FittedWeights, fitWeights } from "../../../../src/registry/weights/fit-weights.js";
import { offerWeights } from "../../../../src/registry/weights/layouts/offer-weights.js";
import { openWeightsFile } from "../../../../src/registry/weights/weights-file.js";
import {
  renamed,
  type Saved,
  SavedObject,
  type SavedTensor,
  type StateDict,
  stateDictOf,
  torchFile,
} from "../../../testkit/files/torch-files.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const VGG11_BN: NetworkSpec = {
  architecture: "VGG11",
  batchNormalization: true,
  widthMultiplier: 1 / 16,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0 },
  preprocessing: "SCALE_0_1",
  precision: "FLOAT32",
  classCount: 5,
  seed: 0,
};
const RESNET18: NetworkSpec = { ...VGG11_BN, architecture: "RESNET18" };
const WITHOUT_HEAD = stateDictOf(VGG11_BN, { head: false });

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  temporary = await temporaryFolder();
});
after(() => temporary[Symbol.asyncDispose]());

interface Imported extends FittedWeights {
  readonly looksLike: string | null;
  readonly prefix: string | null;
  readonly container: string | null;
  readonly ignored: readonly string[];
  readonly values: ReadonlyMap<string, Float32Array>;
}

async function imported(
  saved: Saved,
  network: NetworkSpec = VGG11_BN,
  classNames: readonly string[] | null = null,
): Promise<Imported> {
  const file = path.join(temporary.folder, "weights");
  await writeFile(file, torchFile(saved));
  await using weights = await openWeightsFile(file);
  const offer = offerWeights(weights.content, network);
  const fitted = fitWeights(network, offer, classNames);
  const values = new Map<string, Float32Array>();
  for (const name of fitted.copied) {
    await offer.variables.get(name)?.check();
    values.set(name, (await offer.variables.get(name)?.read()) ?? new Float32Array());
  }
  const { looksLike, ignored, found } = offer;
  return { ...fitted, looksLike, prefix: found.prefix, container: found.container, ignored, values };
}

function stagesOf(network: NetworkSpec): string[] {
  return networkVariables(network).flatMap(({ name }) => (name.startsWith("predictions") ? [] : [name]));
}

/** A file that gives the same values as the plain one, whatever it looks like. */
async function sameAsPlain(saved: Saved, network: NetworkSpec = VGG11_BN): Promise<Imported> {
  const plain = await imported(stateDictOf(network, { head: false }), network);
  const other = await imported(saved, network);
  assert.deepEqual(other.copied, stagesOf(network));
  assert.deepEqual(other.values, plain.values);
  return other;
}

describe("a prefix of all names is found and reported", () => {
  for (const prefix of [
    "module.",
    "_orig_mod.",
    "model.",
    "net.backbone.",
    "a.b.c.",
    "_orig_mod.module.",
    "model.module.",
  ]) {
    test(prefix, async () => {
      const named = renamed(WITHOUT_HEAD, (name) => prefix + name);
      const found = await sameAsPlain(named);
      assert.equal(found.prefix, prefix);
      assert.equal(found.looksLike, `VGG11 with batch normalization, width 0.0625, prefix \`${prefix}\``);
      const resnet = renamed(stateDictOf(RESNET18, { head: false }), (name) => prefix + name);
      assert.equal((await sameAsPlain(resnet, RESNET18)).prefix, prefix);
    });
  }

  test("features.module., as a part that was trained on several GPUs", async () => {
    const named = renamed(WITHOUT_HEAD, (name) => name.replace("features.", "features.module."));
    assert.equal((await sameAsPlain(named)).prefix, "features.module.");
    const resnet = stateDictOf(RESNET18, { head: false });
    const wrapped = renamed(resnet, (name) => name.replace(/^(layer\d)\./, "$1.module."));
    await sameAsPlain(wrapped, RESNET18);
  });

  test("a sequence of features that was saved by itself", async () => {
    const found = await sameAsPlain(renamed(WITHOUT_HEAD, (name) => name.replace("features.", "")));
    assert.equal(found.prefix, null);
    const named = renamed(WITHOUT_HEAD, (name) => name.replace("features.", "body."));
    assert.equal((await sameAsPlain(named)).prefix, "body.");
  });

  test("and no prefix is null", async () => {
    const { prefix, looksLike } = await sameAsPlain(WITHOUT_HEAD);
    assert.deepEqual([prefix, looksLike], [null, "VGG11 with batch normalization, width 0.0625"]);
  });

  test("and that of an average beside them is not theirs", async () => {
    const average = renamed(WITHOUT_HEAD, (name) => `ema_model.module.${name}`);
    const found = await sameAsPlain({ ...WITHOUT_HEAD, ...average });
    assert.deepEqual([found.prefix, found.looksLike], [null, "VGG11 with batch normalization, width 0.0625"]);
  });

  test("of a student and its teacher the student counts; two unknown networks are refused", async () => {
    const both = (one: string, other: string): StateDict => ({
      ...renamed(WITHOUT_HEAD, (name) => other + name),
      ...renamed(WITHOUT_HEAD, (name) => one + name),
    });
    const found = await sameAsPlain(both("student.", "teacher."));
    assert.equal(found.prefix, "student.");
    assert.equal(found.ignored.length, Object.keys(WITHOUT_HEAD).length - 8);
    await assert.rejects(imported(both("generator.", "discriminator.")), {
      code: "WEIGHTS_MISMATCH",
      message: /several networks, `discriminator\.` and `generator\.`/,
    });
  });
});

test("names that nobody can store or read are made so in the report", async () => {
  const prefix = `a\0${"b".repeat(1000)}.`;
  const found = await sameAsPlain(renamed(WITHOUT_HEAD, (name) => prefix + name));
  assert.equal(found.prefix, `a\uFFFD${"b".repeat(98)}…`);
  assert.ok((found.looksLike?.length ?? 0) < 200);
});

describe("the state dictionary is found in what a training script saved", () => {
  const figure: SavedTensor = { shape: [], values: [71.2] };
  const optimizer: Saved = {
    state: { first: { exp_avg: { shape: [4, 3, 3, 3], values: Array(108).fill(1) }, weight: figure } },
    param_groups: [{ lr: 0.1, params: [0] }],
  };
  const containers: Readonly<Record<string, readonly [Saved, string | null]>> = {
    "the example of PyTorch for ImageNet": [
      { epoch: 3, arch: "vgg11", state_dict: WITHOUT_HEAD, best_acc1: figure, optimizer },
      "state_dict",
    ],
    Lightning: [
      {
        epoch: 3,
        "pytorch-lightning_version": "2.4.0",
        state_dict: WITHOUT_HEAD,
        hyper_parameters: { lr: 0.1 },
      },
      "state_dict",
    ],
    "a Namespace beside": [
      { args: new SavedObject("argparse.Namespace", { lr: 0.1 }), state_dict: WITHOUT_HEAD },
      "state_dict",
    ],
    "a NumPy scalar beside": [
      { best: new SavedObject("numpy.core.multiarray.scalar"), model_state_dict: WITHOUT_HEAD },
      "model_state_dict",
    ],
    "model before ema": [{ optimizer, ema: { x: figure }, model: WITHOUT_HEAD }, "model"],
    "ema alone": [{ optimizer, step: 3, ema: WITHOUT_HEAD }, "ema"],
    "containers in containers": [
      { checkpoint: { trainer: { optimizer }, model: { state_dict: WITHOUT_HEAD } } },
      "checkpoint.model.state_dict",
    ],
    "a key of one's own": [{ optimizer, mine: WITHOUT_HEAD }, "mine"],
    "an average of weights": [
      {
        n_averaged: { shape: [], values: [3], storage: "LongStorage" },
        ...renamed(WITHOUT_HEAD, (name) => `module.${name}`),
      },
      null,
    ],
  };
  for (const [description, [saved, container]] of Object.entries(containers)) {
    test(description, async () => {
      assert.equal((await sameAsPlain(saved)).container, container);
    });
  }

  test("the names of the classes beside it, in any of three forms", async () => {
    const network = { ...VGG11_BN, classCount: 2 };
    const state_dict = {
      ...WITHOUT_HEAD,
      "classifier.weight": { shape: [2, 32], values: Array.from({ length: 64 }, (_, index) => index) },
      "classifier.bias": { shape: [2], values: [10, 20] },
    };
    for (const classes of [
      { class_to_idx: { tulip: 1, rose: 0 } },
      { classes: ["rose", "tulip"] },
      { class_names: ["rose", "tulip"] },
    ]) {
      const { classes: found } = await imported({ state_dict, ...classes }, network, ["tulip", "rose"]);
      assert.deepEqual(found, { sourceCount: 2, positions: [1, 0] });
    }
    const { classes: none } = await imported({ state_dict, classes: 2 }, network, ["tulip", "rose"]);
    assert.equal(none, null);
  });

  test("a whole model is refused, and the message names its class", async () => {
    await assert.rejects(imported(new SavedObject("torchvision.models.vgg.VGG", { features: 1 })), {
      code: "WEIGHTS_INVALID",
      message:
        /an object of "torchvision\.models\.vgg\.VGG", which is never created here\. Save its state_dict\(\)/,
    });
  });
});

describe("numbers with which nothing can be computed are refused with the tensor's name", () => {
  const cases: Readonly<Record<string, readonly [string, number]>> = {
    NaN: ["features.4.weight", Number.NaN],
    Infinity: ["features.8.bias", Number.POSITIVE_INFINITY],
    "-Infinity": ["features.9.weight", Number.NEGATIVE_INFINITY],
    "-0.5": ["features.26.running_var", -0.5],
  };
  for (const [received, [name, value]] of Object.entries(cases)) {
    test(`${received} in ${name}`, async () => {
      const tensors: StateDict = {
        ...stateDictOf(VGG11_BN),
        "features.8.bias": { shape: [16], values: Array(16).fill(1) },
      };
      const { shape, values } = tensors[name] as SavedTensor;
      const changed = { ...tensors, [name]: { shape, values: values.with(values.length - 1, value) } };
      await assert.rejects(imported(changed), {
        code: "WEIGHTS_INVALID",
        message: new RegExp(`The tensor "${name}" must hold .* Received ${received}\\.`),
      });
    });
  }

  test("in a head that is not used, they do not matter", async () => {
    const network = { ...VGG11_BN, classCount: 3 };
    const tensors = stateDictOf(VGG11_BN);
    const head = { shape: [5, 32], values: Array(160).fill(Number.NaN) };
    await imported({ ...tensors, "classifier.6.weight": head }, network);
  });
});

describe("the head", () => {
  const weight = { shape: [5, 32], values: Array.from({ length: 160 }, (_, index) => index) };
  const bias = { shape: [5], values: [1, 2, 3, 4, 5] };

  for (const module of ["classifier", "fc", "head", "classifier.1", "my_head.linear"]) {
    test(`of one dense layer fits a pooled head: ${module}`, async () => {
      const { copied, values } = await imported({
        ...WITHOUT_HEAD,
        [`${module}.weight`]: weight,
        [`${module}.bias`]: bias,
      });
      assert.deepEqual(copied.slice(-2), ["predictions/kernel", "predictions/bias"]);
      assert.equal(values.get("predictions/kernel")?.[1], 32);
      assert.deepEqual(values.get("predictions/bias"), Float32Array.of(1, 2, 3, 4, 5));
    });
  }

  test("of other layers starts at random, with the reason", async () => {
    const normalized = { ...WITHOUT_HEAD, "classifier.0.running_mean": bias, "classifier.1.weight": weight };
    const { copied, random } = await imported(normalized);
    assert.deepEqual(copied, stagesOf(VGG11_BN));
    assert.match(random[0]?.reason ?? "", /another layer, "classifier\.0\.running_mean"/);
    const two = { ...WITHOUT_HEAD, "fc.0.weight": weight, "fc.3.weight": weight };
    assert.match((await imported(two)).random[0]?.reason ?? "", /2 dense layers/);
  });

  test("of torchvision starts at random in a network that pools, and at other image sizes where it does not fit", async () => {
    const connected: NetworkSpec = { ...VGG11_BN, head: { ...VGG11_BN.head, kind: "FULLY_CONNECTED" } };
    const saved = stateDictOf(connected);
    assert.deepEqual((await imported(saved, connected)).random, []);
    assert.deepEqual((await imported(saved)).copied, stagesOf(VGG11_BN));
    for (const imageSizePixels of [32, 96, 224]) {
      const { random } = await imported(saved, { ...connected, imageSizePixels });
      assert.deepEqual(
        random.map(({ variable }) => variable),
        ["fc1/kernel", "fc1/bias"],
      );
    }
  });
});

describe("another network is refused in a short message that says what the file looks like", () => {
  const narrow = { ...VGG11_BN, widthMultiplier: 0.25 };
  const cases: Readonly<Record<string, readonly [Saved, NetworkSpec, RegExp]>> = {
    "another width": [
      renamed(stateDictOf(narrow), (name) => `module.${name}`),
      VGG11_BN,
      /width 0\.0625, 64 pixels, head GLOBAL_AVERAGE_POOLING\. The weights look like VGG11 with batch normalization, width 0\.25, prefix `module\.`\./,
    ],
    "another depth": [stateDictOf({ ...VGG11_BN, architecture: "VGG13" }), VGG11_BN, /look like VGG13 with/],
    "without normalization": [
      stateDictOf({ ...VGG11_BN, batchNormalization: false }),
      VGG11_BN,
      /look like VGG11 without/,
    ],
    "a ResNet": [stateDictOf(RESNET18), VGG11_BN, /look like RESNET18 with/],
    "a convolution more": [
      { ...WITHOUT_HEAD, "features.29.weight": { shape: [32, 32, 1, 1], values: Array(1024).fill(0) } },
      VGG11_BN,
      /none of the networks known here[\s\S]*"features\.29\.weight"/,
    ],
    "a layer between": [
      { ...stateDictOf(RESNET18), "layer1.0.se.fc.weight": { shape: [2, 2], values: [1, 2, 3, 4] } },
      RESNET18,
      /"layer1\.0\.se\.fc\.weight": expected nothing/,
    ],
    "a layer before": [
      { "input_norm.running_mean": { shape: [3], values: [0, 0, 0] }, ...WITHOUT_HEAD },
      VGG11_BN,
      /"input_norm\.running_mean": expected nothing/,
    ],
    "quantized numbers": [
      {
        ...WITHOUT_HEAD,
        "features.0.weight": { shape: [4, 3, 3, 3], values: Array(108).fill(1), storage: "LongStorage" },
      },
      VGG11_BN,
      /block1_conv1\/kernel: expected floats, found int64/,
    ],
  };
  for (const [description, [saved, network, message]] of Object.entries(cases)) {
    test(description, async () => {
      await assert.rejects(imported(saved, network), (error: Error & { code?: string }) => {
        assert.equal(error.code, "WEIGHTS_MISMATCH");
        assert.match(error.message, message);
        assert.ok(error.message.length < 900, error.message);
        return true;
      });
    });
  }
});
