import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import type { ExportPrecision } from "../../../../src/core/enumerations.js";
import { formatLabels } from "../../../../src/exports/formats/labels.js";
import { writeTflite } from "../../../../src/exports/formats/tflite/write-file.js";
import { ExportedNetwork } from "../../../../src/exports/network/exported-network.js";
import { networkVariables } from "../../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { NETWORK_INPUT } from "../../../../src/graph/layers/layer-graph.js";
import { elementCount } from "../../../../src/graph/tensor-spec.js";
import { FlatTableReader } from "../../../testkit/exports/flatbuffer-reader.js";
import { EXPORTED_NETWORKS, IDENTITY, SMALL_NETWORK } from "../../../testkit/exports/random-model.js";
import { seededRandom } from "../../../testkit/random.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const CLASS_NAMES = ["rose, red", "two\nlines", "back\\slash", "日本", "e"];

/** A network whose weights are drawn when they are read. */
function drawnNetwork(
  spec: NetworkSpec,
  precision: ExportPrecision,
  onRead: (variable: string) => Promise<void> = async () => {},
): ExportedNetwork {
  const random = seededRandom(1);
  const shapes = new Map(networkVariables(spec).map(({ name, shape }) => [name, shape]));
  const read = async (name: string) => {
    await onRead(name);
    return Float32Array.from({ length: elementCount(shapes.get(name) ?? []) }, () => random() + 0.1);
  };
  const { layers } = new ExportedNetwork(spec, CLASS_NAMES, IDENTITY, null, { read });
  const names = [NETWORK_INPUT, ...layers.map(({ name }) => name)];
  const ranges = new Map(names.map((name, index) => [name, { minimum: 0, maximum: 1 + index }]));
  return new ExportedNetwork(spec, CLASS_NAMES, IDENTITY, precision === "INT8" ? ranges : null, { read });
}

async function written(
  spec: NetworkSpec,
  precision: ExportPrecision,
): Promise<{ readonly bytes: Buffer; readonly model: FlatTableReader }> {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "model.tflite");
  await writeTflite(drawnNetwork(spec, precision), precision, file);
  const bytes = await readFile(file);
  return { bytes, model: FlatTableReader.root(bytes) };
}

/** Codes of the operators with their versions. */
function operatorCodes(model: FlatTableReader): Readonly<Record<number, number>> {
  return Object.fromEntries(model.tables(1).map((code) => [code.int32(3), code.int32(2)]));
}

const TYPES = { float32: 0, float16: 1, int32: 2, uint8: 3, int8: 9 };

function tensorsOf(model: FlatTableReader) {
  const buffers = model.tables(4);
  return model
    .tables(2)[0]!
    .tables(0)
    .map((tensor) => ({
      name: tensor.text(3),
      type: tensor.int8(1),
      shape: tensor.int32s(0),
      signature: tensor.int32s(7),
      content: buffers[tensor.int32(2)]!.content(0),
      quantization: tensor.table(4),
    }));
}

/** The files of the archive behind the model. */
function archivedFiles(bytes: Buffer): ReadonlyMap<string, string> {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const files = new Map<string, string>();
  let entry = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const nameBytes = bytes.readUInt16LE(entry + 28);
    const name = bytes.toString("utf8", entry + 46, entry + 46 + nameBytes);
    const local = bytes.readUInt32LE(entry + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    files.set(name, bytes.toString("utf8", start, start + bytes.readUInt32LE(entry + 24)));
    entry += 46 + nameBytes;
  }
  return files;
}

describe("a TensorFlow Lite file", () => {
  test("has the identifier, the schema version, a signature and the versions of TensorFlow's converter", async () => {
    const resnet = EXPORTED_NETWORKS["ResNet-18"]!;
    const expected = {
      FLOAT32: { 53: 1, 18: 1, 0: 1, 34: 1, 3: 1, 17: 1, 40: 1, 9: 1, 25: 1 },
      FLOAT16: { 53: 1, 18: 1, 0: 1, 6: 3, 34: 1, 3: 1, 17: 1, 40: 1, 9: 1, 25: 1 },
      INT8: { 114: 1, 4: 3, 0: 2, 34: 2, 3: 3, 17: 2, 40: 2, 9: 4, 25: 2 },
    };
    for (const precision of ["FLOAT32", "FLOAT16", "INT8"] as const) {
      const { bytes, model } = await written(resnet, precision);
      assert.equal(bytes.toString("latin1", 4, 8), "TFL3");
      assert.equal(model.int32(0), 3);
      assert.deepEqual(operatorCodes(model), expected[precision], precision);
      for (const code of model.tables(1)) assert.equal(code.int8(0), code.int32(3));
      const [signature] = model.tables(7);
      assert.equal(signature?.text(2), "serving_default");
      const [[input], [output]] = [signature!.tables(0), signature!.tables(1)];
      assert.deepEqual([input?.text(0), output?.text(0)], ["images", "probabilities"]);
      const tensors = tensorsOf(model);
      assert.deepEqual(tensors[input!.int32(1)]?.shape, [1, 64, 64, 3]);
      assert.deepEqual(tensors[output!.int32(1)]?.shape, [1, 5]);
    }
  });

  test("leaves the batch open in every tensor that is computed from images", async () => {
    const { model } = await written(EXPORTED_NETWORKS["VGG19 fully connected"]!, "INT8");
    for (const { name, shape, signature, content } of tensorsOf(model)) {
      const open = [-1, ...shape.slice(1)];
      assert.deepEqual(signature, content === null ? open : [], `${name}`);
    }
  });

  test("in INT8 has no float, weights by output channel and biases with the scale of the products", async () => {
    for (const [name, spec] of Object.entries(EXPORTED_NETWORKS)) {
      const { model } = await written(spec, "INT8");
      const tensors = tensorsOf(model);
      for (const tensor of tensors) {
        assert.ok(
          ![TYPES.float32, TYPES.float16].includes(tensor.type),
          `${tensor.name} of ${name} is a float`,
        );
      }
      const operators = model.tables(2)[0]!.tables(3);
      const codes = model.tables(1).map((code) => code.int32(3));
      for (const operator of operators) {
        if (![3, 4, 9].includes(codes[operator.int32(0)]!)) continue;
        const [input, kernel, bias] = operator.int32s(1).map((index) => tensors[index]!);
        const scales = kernel!.quantization!.float32s(2);
        const axis = codes[operator.int32(0)] === 4 ? 3 : 0;
        assert.equal(kernel!.quantization!.int32(6), axis);
        assert.equal(scales.length, kernel!.shape[axis]);
        assert.ok(kernel!.quantization!.int64s(3).every((zeroPoint) => zeroPoint === 0n));
        assert.equal(kernel!.type, TYPES.int8);
        assert.ok(!new Int8Array(kernel!.content!).includes(-128), "weights are symmetric");
        assert.equal(bias!.type, TYPES.int32);
        const inputScale = input!.quantization!.float32s(2)[0]!;
        assert.deepEqual(
          bias!.quantization!.float32s(2),
          scales.map((scale) => Math.fround(inputScale * scale)),
        );
      }
    }
  });

  test("holds the kernels with their outputs first", async () => {
    const { model } = await written(SMALL_NETWORK, "FLOAT32");
    const tensors = tensorsOf(model);
    const first = tensors.find(({ name }) => name?.endsWith("/kernel"))!;
    const network = drawnNetwork(SMALL_NETWORK, "FLOAT32");
    const { kernel } = await network.weightsOf(network.layers[0] as never);
    const [outputs = 0, height = 0, width = 0, inputs = 0] = first.shape;
    assert.deepEqual([height, width, inputs], [3, 3, 3]);
    const expected = Buffer.alloc(kernel.byteLength);
    let position = 0;
    for (let output = 0; output < outputs; output++) {
      for (let rest = 0; rest < height * width * inputs; rest++, position += 4) {
        expected.writeFloatLE(kernel[rest * outputs + output]!, position);
      }
    }
    assert.deepEqual(first.content, expected);
  });

  test("names the model, the scaling that is inside, and the files in it", async () => {
    const { bytes, model } = await written(SMALL_NETWORK, "FLOAT32");
    const buffers = model.tables(4);
    const metadata = new Map(
      model.tables(6).map((entry) => [entry.text(0), buffers[entry.int32(1)]!.content(0)!]),
    );
    assert.match(metadata.get("min_runtime_version")!.toString("latin1"), /^\d+\.\d+\.\d+\0+$/);
    const encoded = Buffer.from(metadata.get("TFLITE_METADATA")!);
    assert.equal(encoded.toString("latin1", 4, 8), "M001");
    const description = FlatTableReader.root(encoded);
    assert.equal(description.text(0), "flowers");
    assert.equal(description.text(2), "3");
    assert.equal(description.text(4), IDENTITY.product);
    const [subgraph] = description.tables(3);
    const [image] = subgraph!.tables(2);
    const properties = image!.table(3)!.table(1)!;
    assert.equal(properties.int8(0), 1, "red first");
    assert.deepEqual([properties.table(1)!.int32(0), properties.table(1)!.int32(1)], [32, 32]);
    const normalization = image!.tables(4)[0]!.table(1)!;
    assert.deepEqual([normalization.float32s(0), normalization.float32s(1)], [[0], [1]]);
    assert.deepEqual([image!.table(5)!.float32s(0), image!.table(5)!.float32s(1)], [[255], [0]]);
    const [labels] = subgraph!.tables(3)[0]!.tables(6);
    assert.deepEqual([labels!.text(0), labels!.int8(2)], ["labels.txt", 2]);

    const files = archivedFiles(bytes);
    assert.deepEqual([...files.keys()], ["labels.txt", "espalier.json"]);
    assert.equal(files.get("labels.txt"), "rose, red\ntwo\\nlines\nback\\slash\n日本\ne\n");
    const facts = JSON.parse(files.get("espalier.json")!);
    assert.deepEqual(facts.classNames, CLASS_NAMES);
    assert.equal(facts.modelVersion, IDENTITY.modelVersion);
    assert.equal(facts.runId, IDENTITY.runId);
    assert.equal(facts.datasetHash, IDENTITY.datasetHash);
    assert.equal(facts.precision, "FLOAT32");
  });

  test("has one label on each line, whatever a class is called", () => {
    const names = ["a\r\nb", "c\u2028d", "e\u0085f", "g,h;\"i'", "\\n", " j "];
    assert.equal(formatLabels(names), "a\\r\\nb\nc\\u2028d\ne\\u0085f\ng,h;\"i'\n\\n\n j \n");
  });
});

describe("writing a TensorFlow Lite file", () => {
  test("reads a layer's weights when those before it are in the file", async () => {
    await using temporary = await temporaryFolder();
    const file = path.join(temporary.folder, "model.tflite");
    const sizes: number[] = [];
    const network = drawnNetwork(SMALL_NETWORK, "FLOAT32", async (variable) => {
      if (variable.endsWith("/kernel")) sizes.push((await stat(file)).size);
    });
    await writeTflite(network, "FLOAT32", file);
    const kernels = network.layers.flatMap(({ operation }) => {
      if (operation.kind === "Dense") return [operation.inputs * operation.units];
      if (operation.kind !== "Conv2D") return [];
      return [operation.kernelSize ** 2 * operation.channels * operation.filters];
    });
    assert.equal(sizes.length, kernels.length);
    for (const [index, elements] of kernels.slice(0, -1).entries()) {
      assert.ok(sizes[index + 1]! - sizes[index]! >= elements * 4, `layer ${index} was not in the file`);
    }
  });

  test("is refused before anything is written when the format cannot hold the network", async () => {
    await using temporary = await temporaryFolder();
    const network = drawnNetwork(
      {
        ...SMALL_NETWORK,
        architecture: "VGG19",
        widthMultiplier: 1,
        imageSizePixels: 512,
        head: { kind: "FULLY_CONNECTED", units: 4096, dropout: 0 },
      },
      "FLOAT32",
    );
    await assert.rejects(writeTflite(network, "FLOAT32", path.join(temporary.folder, "model.tflite")), {
      code: "EXPORT_TOO_LARGE",
      message: /less than 2 GiB.*FLOAT16, INT8 or SAVED_MODEL/,
    });
    assert.deepEqual(await readdir(temporary.folder), []);
  });

  test("is refused when weights are not finite", async () => {
    await using temporary = await temporaryFolder();
    const shapes = new Map(networkVariables(SMALL_NETWORK).map(({ name, shape }) => [name, shape]));
    const read = async (name: string) =>
      new Float32Array(elementCount(shapes.get(name) ?? [])).fill(name.endsWith("/bias") ? Number.NaN : 1);
    const network = new ExportedNetwork(SMALL_NETWORK, CLASS_NAMES, IDENTITY, null, { read });
    await assert.rejects(writeTflite(network, "FLOAT32", path.join(temporary.folder, "model.tflite")), {
      code: "WEIGHTS_NOT_FINITE",
    });
  });
});
