import assert from "node:assert/strict";
import { open, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import yauzl from "yauzl";
import { hasCode } from "../../../src/core/app-error.js";
import { Preprocessing } from "../../../src/core/enumerations.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { KERAS } from "../../../src/exports/formats/keras/keras.js";
import { ExportedNetwork } from "../../../src/exports/network/exported-network.js";
import { networkVariables } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { ByteRange } from "../../../src/registry/weights/byte-range.js";
import { fitWeights } from "../../../src/registry/weights/fit-weights.js";
import { readHdf5 } from "../../../src/registry/weights/hdf5/hdf5-file.js";
import { offerWeights } from "../../../src/registry/weights/layouts/offer-weights.js";
import { openWeightsFile } from "../../../src/registry/weights/weights-file.js";
import { weight } from "../../golden/golden-formula.js";
import {
  classNamesOf,
  EXPORTED_NETWORKS,
  IDENTITY,
  SMALL_NETWORK,
} from "../../testkit/exports/random-model.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

/** A network with the formula's weights. */
function networkOf(spec: NetworkSpec, read = formulaOf(spec)): ExportedNetwork {
  return new ExportedNetwork(spec, classNamesOf(spec), IDENTITY, null, { read });
}

function formulaOf(spec: NetworkSpec) {
  const shapes = new Map(networkVariables(spec).map(({ name, shape }) => [name, shape]));
  return async (name: string) => Float32Array.from(weight(name, shapes.get(name)!));
}

async function written(folder: string, network: ExportedNetwork, name = "flowers-3"): Promise<string> {
  const file = path.join(folder, `${name}.keras`);
  // The format writes the file itself, without an engine.
  await KERAS.write(network, "FLOAT32", file, { engine: {} as EngineHost, workFolder: folder });
  return file;
}

async function entriesOf(file: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = new Map<string, Buffer>();
  const zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: false });
  for await (const entry of zip.eachEntry()) {
    const parts: Buffer[] = [];
    for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part as Buffer);
    entries.set(entry.fileName, Buffer.concat(parts));
  }
  zip.close();
  return entries;
}

interface Config {
  readonly config: {
    readonly name: string;
    readonly layers: readonly {
      readonly class_name: string;
      readonly name: string;
      readonly config: Readonly<Record<string, unknown>>;
    }[];
  };
  readonly espalier: Readonly<Record<string, unknown>>;
}

async function configOf(file: string): Promise<Config> {
  return JSON.parse((await entriesOf(file)).get("config.json")!.toString()) as Config;
}

test("an archive has Keras's three entries, and says when the model was registered", async () => {
  await using temporary = await temporaryFolder();
  const entries = await entriesOf(await written(temporary.folder, networkOf(SMALL_NETWORK)));
  assert.deepEqual([...entries.keys()], ["metadata.json", "config.json", "model.weights.h5"]);
  assert.deepEqual(JSON.parse(entries.get("metadata.json")!.toString()), {
    keras_version: "3.15.1",
    date_saved: "2026-11-30@12:34:56",
  });
});

test("the configuration has the labels, in the order of the probabilities, and the origin", async () => {
  await using temporary = await temporaryFolder();
  const { config, espalier } = await configOf(await written(temporary.folder, networkOf(SMALL_NETWORK)));
  assert.equal(config.name, "flowers-3");
  assert.deepEqual(espalier, {
    labels: ["class 0", "class 1", "class 2", "class 3", "class 4"],
    ...IDENTITY,
    registeredAt: "2026-11-30T12:34:56.000Z",
  });
});

test("the bytes of an archive depend on the model version alone", async () => {
  await using temporary = await temporaryFolder();
  const [one, other] = [
    await readFile(await written(temporary.folder, networkOf(SMALL_NETWORK), "one")),
    await readFile(await written(temporary.folder, networkOf(SMALL_NETWORK), "other")),
  ];
  assert.ok(one.equals(other));
});

const SCALINGS: Readonly<Record<Preprocessing, readonly [className: string, config: object]>> = {
  SCALE_0_1: ["Rescaling", { scale: 1 / 255, offset: 0 }],
  SCALE_MINUS_1_1: ["Rescaling", { scale: 1 / 127.5, offset: -1 }],
  IMAGENET_CAFFE: ["Normalization", { mean: [123.68, 116.779, 103.939], variance: [1, 1, 1] }],
  IMAGENET_TORCH: [
    "Normalization",
    { mean: [123.675, 116.28, 103.53], variance: [58.395 ** 2, 57.12 ** 2, 57.375 ** 2] },
  ],
};

for (const preprocessing of Object.values(Preprocessing)) {
  test(`images are scaled inside the model: ${preprocessing}`, async () => {
    await using temporary = await temporaryFolder();
    const network = networkOf({ ...SMALL_NETWORK, preprocessing });
    const { layers } = (await configOf(await written(temporary.folder, network))).config;
    const [className, expected] = SCALINGS[preprocessing];
    assert.equal(layers[0]?.config.dtype, "uint8");
    assert.equal(layers[1]?.class_name, className);
    for (const [argument, value] of Object.entries(expected)) {
      const found = [layers[1].config[argument]].flat() as number[];
      for (const [channel, wanted] of [value].flat().entries()) {
        assert.ok(Math.abs(found[channel]! - wanted) <= 1e-9 * Math.abs(wanted), `${argument}: ${found}`);
      }
    }
  });
}

test("weights are in the groups in which Keras looks for them", async () => {
  await using temporary = await temporaryFolder();
  const entries = await entriesOf(await written(temporary.folder, networkOf(SMALL_NETWORK)));
  const file = path.join(temporary.folder, "model.weights.h5");
  await writeFile(file, entries.get("model.weights.h5")!);
  await using handle = await open(file);
  const { groups } = await readHdf5(await ByteRange.of(handle));
  assert.deepEqual([...groups.keys()], ["layers", "vars"]);
  const layers = groups.get("layers")!.groups;
  const convolutions = Array.from({ length: 7 }, (_, index) => `conv2d_${index + 1}`);
  assert.deepEqual([...layers.keys()], ["conv2d", ...convolutions, "dense"]);
  for (const { groups: own } of layers.values()) {
    assert.deepEqual([...own.get("vars")!.tensors.keys()], ["0", "1"]);
  }
});

test("the layers of a residual network are in Keras's order, which numbers the groups of weights", async () => {
  await using temporary = await temporaryFolder();
  const network = networkOf(EXPORTED_NETWORKS["ResNet-18"]!);
  const { layers } = (await configOf(await written(temporary.folder, network))).config;
  // The shortcut is as far from the output as the second convolution of its block, and is met behind it.
  const names = layers.filter(({ class_name }) => class_name === "Conv2D").map(({ name }) => name);
  assert.deepEqual(names.slice(5, 9), [
    "conv3_block1_1_conv",
    "conv3_block1_2_conv",
    "conv3_block1_0_conv",
    "conv3_block2_1_conv",
  ]);
});

test("weights that are not finite are refused, naming the layer", async () => {
  await using temporary = await temporaryFolder();
  const read = formulaOf(SMALL_NETWORK);
  const network = networkOf(SMALL_NETWORK, async (name) => {
    const values = await read(name);
    if (name === "block3_conv1/kernel") values[7] = Number.NaN;
    return values;
  });
  await assert.rejects(written(temporary.folder, network), (error) => {
    assert.ok(hasCode(error, "WEIGHTS_NOT_FINITE"));
    assert.match(error.message, /kernel of the layer "block3_conv1" .* Received NaN at element 7/);
    return true;
  });
});

describe("a run starts from an exported .keras file", () => {
  async function imported(folder: string, network: NetworkSpec, classNames: readonly string[]) {
    await using weights = await openWeightsFile(await written(folder, networkOf(network)));
    const offer = offerWeights(weights.content, network, null);
    const fitted = fitWeights(network, offer, classNames);
    const read = fitted.copied.map(async (name) => [name, await offer.variables.get(name)!.read()] as const);
    return { fitted, values: new Map(await Promise.all(read)) };
  }

  for (const preprocessing of Object.values(Preprocessing)) {
    test(`with all weights as they were: ${preprocessing}`, async () => {
      await using temporary = await temporaryFolder();
      const network = { ...SMALL_NETWORK, preprocessing };
      const { fitted, values } = await imported(temporary.folder, network, classNamesOf(network));
      assert.deepEqual(fitted.random, []);
      assert.deepEqual(fitted.classes, null);
      const read = formulaOf(network);
      for (const { name } of networkVariables(network)) assert.deepEqual(values.get(name), await read(name));
    });
  }

  test("with the widths that a pruned network has", async () => {
    await using temporary = await temporaryFolder();
    const network = { ...SMALL_NETWORK, layerWidths: { block1_conv1: 5, block4_conv2: 3 } };
    const { values } = await imported(temporary.folder, network, classNamesOf(network));
    assert.equal(values.get("block2_conv1/kernel")?.length, 3 * 3 * 5 * 16);
  });

  test("and takes the classes by their names", async () => {
    await using temporary = await temporaryFolder();
    const names = ["class 4", "another", "class 0", "class 1", "class 2"];
    const { fitted } = await imported(temporary.folder, SMALL_NETWORK, names);
    assert.deepEqual(fitted.classes, { sourceCount: 5, positions: [4, null, 0, 1, 2] });
  });

  test("with another preprocessing it is refused", async () => {
    await using temporary = await temporaryFolder();
    const file = await written(
      temporary.folder,
      networkOf({ ...SMALL_NETWORK, preprocessing: "IMAGENET_TORCH" }),
    );
    await using weights = await openWeightsFile(file);
    assert.throws(
      () => offerWeights(weights.content, SMALL_NETWORK, null),
      /"preprocessing" of the file multiplies by 0\.017.*, 0\.017.* which the run's preprocessing SCALE_0_1 does not/,
    );
  });
});
