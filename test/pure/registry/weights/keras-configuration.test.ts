import assert from "node:assert/strict";
import { open, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { ByteRange } from "../../../../src/registry/weights/byte-range.js";
import { fitWeights } from "../../../../src/registry/weights/fit-weights.js";
import type { ImportedOffer } from "../../../../src/registry/weights/layouts/imported-variable.js";
import { offerWeights } from "../../../../src/registry/weights/layouts/offer-weights.js";
import { readStoredZip } from "../../../../src/registry/weights/stored-zip.js";
import { openWeightsFile } from "../../../../src/registry/weights/weights-file.js";
import { networkOfKeptFile, unpackWeightFiles } from "../../../golden/weight-files.js";
import { zip } from "../../../testkit/files/archives.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const FILE = "vgg11-bn-pooled.keras";
const VGG11_BN = networkOfKeptFile(FILE);

/** A layer as Keras describes it. */
interface Layer {
  class_name: string;
  name: string;
  config: Record<string, unknown>;
  inbound_nodes: unknown[];
}

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let entries: ReadonlyMap<string, Buffer>;
/** The first moving variance of the network, made from the last file. */
let firstVariance: number;
before(async () => {
  temporary = await temporaryFolder();
  await unpackWeightFiles(temporary.folder);
  await using handle = await open(path.join(temporary.folder, FILE));
  const found = await readStoredZip(await ByteRange.of(handle));
  const read = [...found].map(
    async ([name, range]) => [name, await range.read(0, range.length, name)] as const,
  );
  entries = new Map(await Promise.all(read));
});
after(() => temporary[Symbol.asyncDispose]());

/** The weights of the archive with another configuration. */
async function withLayers(
  change: (layers: Layer[]) => Layer[] | undefined,
  network: NetworkSpec = VGG11_BN,
): Promise<ImportedOffer> {
  const config = JSON.parse(entries.get("config.json")!.toString()) as { config: { layers: Layer[] } };
  const { layers } = config.config;
  config.config.layers = connected(change(layers) ?? layers);
  const file = path.join(temporary.folder, "changed.keras");
  const changed = new Map([...entries, ["config.json", Buffer.from(JSON.stringify(config))]]);
  await writeFile(file, zip([...changed].map(([name, bytes]) => ({ name, bytes }))));
  await using weights = await openWeightsFile(file);
  const offer = offerWeights(weights.content, network);
  for (const name of fitWeights(network, offer).copied) await offer.variables.get(name)?.read();
  firstVariance = await varianceOf(offer);
  return offer;
}

/** Layers each of which reads the one before it, those that say otherwise excepted. */
function connected(layers: readonly Layer[]): Layer[] {
  const before = new Map(layers.map(({ name }, index) => [name, layers[index - 1]?.name]));
  return layers.map((layer) => {
    if (layer.inbound_nodes.length !== 1 || layer.config.keep === true) return layer;
    return { ...layer, inbound_nodes: [nodeOf(before.get(layer.name) ?? "")] };
  });
}

function nodeOf(...names: readonly string[]): unknown {
  const tensors = names.map((name) => ({
    class_name: "__keras_tensor__",
    config: { shape: [null, 64, 64, 3], dtype: "float32", keras_history: [name, 0, 0] },
  }));
  return { args: tensors, kwargs: {} };
}

function layer(className: string, name: string, config: Record<string, unknown> = {}): Layer {
  return { class_name: className, name, config: { name, ...config }, inbound_nodes: [nodeOf("?")] };
}

/** The first layer of a class. */
function first(layers: readonly Layer[], className: string, number = 0): Layer {
  const found = layers.filter((each) => each.class_name === className)[number];
  assert.ok(found !== undefined, className);
  return found;
}

function configure({ config }: Layer, changes: Record<string, unknown>): undefined {
  Object.assign(config, changes);
}

function reclass(changed: Layer, className: string): undefined {
  changed.class_name = className;
}

function insert(layers: readonly Layer[], added: Layer, where: "before" | "after", place: Layer): Layer[] {
  return layers.toSpliced(layers.indexOf(place) + (where === "after" ? 1 : 0), 0, added);
}

async function varianceOf(offer: ImportedOffer): Promise<number> {
  const [variance = Number.NaN] = (await offer.variables.get("block1_bn1/moving_variance")?.read()) ?? [];
  return variance;
}

test("the configuration says what the file looks like, and the epsilon of every layer", async () => {
  const offer = await withLayers(() => undefined);
  assert.equal(offer.looksLike, "VGG11 with batch normalization, width 0.015625");
  assert.equal(offer.assumedEpsilon, null);
  const variance = firstVariance;
  await withLayers((layers) => configure(first(layers, "BatchNormalization"), { epsilon: 0.5 }));
  const difference = firstVariance - variance;
  assert.ok(Math.abs(difference - (0.5 - 1e-5)) < 1e-6, String(difference));
});

describe("a model that computes something else is refused, and the message names the layer", () => {
  const refusals: Readonly<Record<string, readonly [(layers: Layer[]) => Layer[] | undefined, RegExp]>> = {
    "another activation": [
      (layers) =>
        void Object.assign(first(layers, "ReLU"), layer("Activation", "act", { activation: "gelu" })),
      /The layer "act" of the file computes gelu where VGG11 with batch normalization has ReLU\./,
    ],
    "a leaky ReLU": [
      (layers) => configure(first(layers, "ReLU", 3), { negative_slope: 0.1 }),
      /computes another ReLU where VGG11/,
    ],
    "ReLU before the normalization": [
      (layers) => {
        first(layers, "Conv2D").config.activation = "relu";
        return layers.filter((each) => each !== first(layers, "ReLU"));
      },
      /The layer "conv2d\w*" of the file computes ReLU where VGG11 with batch normalization has batch normalization/,
    ],
    "padding valid": [
      (layers) => configure(first(layers, "Conv2D", 2), { padding: "valid" }),
      /"conv2d\w*" of the file computes a convolution of 3 x 3 with stride 1 and no padding where/,
    ],
    "another stride": [
      (layers) => configure(first(layers, "Conv2D", 1), { strides: [2, 2] }),
      /3 x 3 with stride 2 and padding on every side where/,
    ],
    dilation: [
      (layers) => configure(first(layers, "Conv2D"), { dilation_rate: [2, 2] }),
      /a dilated convolution/,
    ],
    groups: [(layers) => configure(first(layers, "Conv2D", 1), { groups: 2 }), /a convolution in groups/],
    "average pooling": [
      (layers) => reclass(first(layers, "MaxPooling2D"), "AveragePooling2D"),
      /"max_pooling2d\w*" of the file computes AveragePooling2D where .* has max pooling of 2 x 2 with stride 2/,
    ],
    "pooling of another size": [
      (layers) => configure(first(layers, "MaxPooling2D"), { pool_size: [3, 3] }),
      /max pooling of 3 x 3 with stride 2 where/,
    ],
    "pooling before ReLU": [
      (layers) => {
        const [relu, pooling] = [first(layers, "ReLU"), first(layers, "MaxPooling2D")];
        return insert(
          layers.filter((each) => each !== relu),
          relu,
          "after",
          pooling,
        );
      },
      /computes max pooling of 2 x 2 with stride 2 where .* has ReLU/,
    ],
    "another axis": [
      (layers) => configure(first(layers, "BatchNormalization"), { axis: 1 }),
      /normalizes the axis 1/,
    ],
    "channels first": [
      (layers) => configure(first(layers, "Conv2D"), { data_format: "channels_first" }),
      /has its channels first/,
    ],
    "a layer more": [
      (layers) =>
        insert(layers, layer("LayerNormalization", "norm"), "after", first(layers, "MaxPooling2D", 1)),
      /The layer "norm" of the file computes LayerNormalization where/,
    ],
    "a layer between the stages and the head": [
      (layers) => insert(layers, layer("ReLU", "more"), "before", first(layers, "GlobalAveragePooling2D")),
      /The layer "more" of the file computes ReLU where .* has the head/,
    ],
    "two inputs": [
      (layers) => {
        const pooling = first(layers, "MaxPooling2D");
        const add = layer("Add", "add", { keep: true });
        add.inbound_nodes = [nodeOf(pooling.name, "input")];
        return insert(layers, add, "after", pooling);
      },
      /The layer "add" of the file reads "max_pooling2d\w*" and "input" where/,
    ],
    "a layer that is used twice": [
      (layers) => {
        const relu = first(layers, "ReLU");
        relu.inbound_nodes = [relu.inbound_nodes[0], nodeOf("elsewhere")];
        return undefined;
      },
      /"re_lu\w*" of the file is used 2 times/,
    ],
    "the scale of its images": [
      (layers) => {
        const scale = { scale: 1 / 127.5, offset: -1 };
        return insert(layers, layer("Rescaling", "rescaling", scale), "before", first(layers, "Conv2D"));
      },
      /"rescaling" of the file multiplies by .* which the run's preprocessing SCALE_0_1 does not/,
    ],
  };
  for (const [description, [change, message]] of Object.entries(refusals)) {
    test(description, async () => {
      await assert.rejects(withLayers(change), (error: Error & { code?: string }) => {
        assert.equal(error.code, "WEIGHTS_MISMATCH");
        assert.match(error.message, message);
        assert.ok(error.message.length < 400, error.message);
        return true;
      });
    });
  }
});

describe("layers that compute the same are taken", () => {
  const same: Readonly<Record<string, (layers: Layer[]) => Layer[] | undefined>> = {
    "zeros from a layer of their own": (layers) => {
      const convolution = first(layers, "Conv2D", 1);
      convolution.config.padding = "valid";
      return insert(
        layers,
        layer("ZeroPadding2D", "pad", {
          padding: [
            [1, 1],
            [1, 1],
          ],
        }),
        "before",
        convolution,
      );
    },
    "pooling with the padding same of an even size": (layers) =>
      configure(first(layers, "MaxPooling2D"), { padding: "same" }),
    "the run's own scale of images": (layers) => {
      const scale = { scale: 1 / 255, offset: 0 };
      return insert(layers, layer("Rescaling", "rescaling", scale), "before", first(layers, "Conv2D"));
    },
    "augmentation and dropout": (layers) =>
      insert(
        insert(layers, layer("RandomFlip", "flip"), "before", first(layers, "Conv2D")),
        layer("Dropout", "dropout", { rate: 0.5 }),
        "before",
        first(layers, "Dense"),
      ),
    "an activation without effect": (layers) =>
      insert(
        layers,
        layer("Activation", "linear", { activation: "linear" }),
        "after",
        first(layers, "Conv2D"),
      ),
    "another momentum": (layers) => configure(first(layers, "BatchNormalization"), { momentum: 0.5 }),
  };
  for (const [description, change] of Object.entries(same)) {
    test(description, async () => {
      const offer = await withLayers(change);
      assert.deepEqual(fitWeights(VGG11_BN, offer).random, []);
    });
  }
});

test("a head that computes something else starts at random, with the layer in the reason", async () => {
  const gelu = await withLayers((layers) => {
    const hidden = layer("Dense", "hidden", { activation: "gelu" });
    return insert(layers, hidden, "before", first(layers, "Dense"));
  });
  assert.match(
    fitWeights(VGG11_BN, gelu).random[0]?.reason ?? "",
    /the layer "hidden" of its head computes gelu/,
  );
  const pooled = await withLayers((layers) =>
    reclass(first(layers, "GlobalAveragePooling2D"), "GlobalMaxPooling2D"),
  );
  assert.match(fitWeights(VGG11_BN, pooled).random[0]?.reason ?? "", /computes GlobalMaxPooling2D/);
});

test("a file of weights alone has no epsilon: the one that is given counts, or Keras's default is assumed", async () => {
  await using weights = await openWeightsFile(
    path.join(temporary.folder, "vgg11-bn-pooled-epsilon.weights.h5"),
  );
  await using model = await openWeightsFile(path.join(temporary.folder, "vgg11-bn-pooled-epsilon.model.h5"));
  const stated = offerWeights(model.content, VGG11_BN);
  const given = offerWeights(weights.content, VGG11_BN, 1e-2);
  const assumed = offerWeights(weights.content, VGG11_BN);
  assert.deepEqual([stated.assumedEpsilon, given.assumedEpsilon, assumed.assumedEpsilon], [null, null, 1e-3]);
  assert.equal(await varianceOf(given), await varianceOf(stated));
  assert.notEqual(await varianceOf(assumed), await varianceOf(stated));
});

test("a configuration that is no JSON is refused", async () => {
  const file = path.join(temporary.folder, "broken.keras");
  const changed = new Map([...entries, ["config.json", Buffer.from("{")]]);
  await writeFile(file, zip([...changed].map(([name, bytes]) => ({ name, bytes }))));
  await assert.rejects(openWeightsFile(file), {
    code: "WEIGHTS_INVALID",
    message: /configuration of the model in JSON/,
  });
});
