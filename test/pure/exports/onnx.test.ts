import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { hasCode } from "../../../src/core/app-error.js";
import type { ExportPrecision } from "../../../src/core/enumerations.js";
import { ONNX } from "../../../src/exports/formats/onnx/onnx.js";
import { writeOnnx } from "../../../src/exports/formats/onnx/write-onnx.js";
import { ExportedNetwork } from "../../../src/exports/network/exported-network.js";
import { networkVariables } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { foldNetwork } from "../../../src/graph/folding/folded-network.js";
import { NETWORK_INPUT } from "../../../src/graph/layers/layer-graph.js";
import { elementCount } from "../../../src/graph/tensor-spec.js";
import { weight } from "../../golden/golden-formula.js";
import { float32Of, int8Of, int32Of, type OnnxFile, readOnnxFile } from "../../testkit/exports/onnx-file.js";
import { classNamesOf, IDENTITY, SMALL_NETWORK } from "../../testkit/exports/random-model.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

// Numbers of ONNX's `TensorProto.DataType`.
const FLOAT32 = 1;
const UINT8 = 2;
const INT8 = 3;
const FLOAT16 = 10;

/** Two pixels by two are flattened. */
const FLATTENED: NetworkSpec = {
  ...SMALL_NETWORK,
  imageSizePixels: 64,
  head: { kind: "FULLY_CONNECTED", units: 24, dropout: 0.5 },
};

/** A network with the formula's weights, except for those given, and with made-up ranges. */
function networkOf(
  spec: NetworkSpec,
  given: Readonly<Record<string, (shape: readonly number[]) => Float32Array<ArrayBuffer>>> = {},
): ExportedNetwork {
  const shapes = new Map(networkVariables(spec).map(({ name, shape }) => [name, shape]));
  const read = async (name: string): Promise<Float32Array<ArrayBuffer>> => {
    const shape = shapes.get(name) ?? [];
    return given[name]?.(shape) ?? Float32Array.from(weight(name, shape));
  };
  const names = [NETWORK_INPUT, ...foldNetwork(spec).map(({ name }) => name)];
  const ranges = new Map(names.map((name, index) => [name, { minimum: 0, maximum: 1 + index }]));
  return new ExportedNetwork(spec, classNamesOf(spec), IDENTITY, ranges, { read });
}

async function written(network: ExportedNetwork, precision: ExportPrecision): Promise<OnnxFile> {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "model.onnx");
  await writeOnnx(network, precision, file);
  return readOnnxFile(file);
}

function operatorsOf({ nodes }: OnnxFile): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { operator } of nodes) counts[operator] = (counts[operator] ?? 0) + 1;
  return counts;
}

test("an ONNX file takes any number of images as bytes and gives probabilities, with opset 17", async () => {
  for (const precision of ONNX.precisions) {
    const model = await written(networkOf(SMALL_NETWORK), precision);
    assert.equal(model.irVersion, 8);
    assert.equal(model.opsetVersion, 17);
    assert.deepEqual(model.inputs, [{ name: "images", type: UINT8, shape: ["N", 32, 32, 3] }]);
    assert.deepEqual(model.outputs, [{ name: "probabilities", type: FLOAT32, shape: ["N", 5] }]);
  }
});

test("an ONNX file holds labels, input and origin of the model", async () => {
  const model = await written(networkOf(SMALL_NETWORK), "FLOAT32");
  assert.deepEqual([model.producer, model.producerVersion], ["espalier", "test"]);
  assert.match(model.documentation, /flowers:3, a VGG11 in FLOAT32, .*\n\nA test\.$/);
  const { labels, input_contract, ...origin } = model.properties;
  assert.deepEqual(JSON.parse(labels ?? ""), classNamesOf(SMALL_NETWORK));
  assert.deepEqual(origin, {
    model_version: IDENTITY.modelVersion,
    model_version_id: IDENTITY.modelVersionId,
    registered_at: "2026-11-30T12:34:56.000Z",
    run_id: IDENTITY.runId,
    run_epoch: "4",
    dataset: IDENTITY.dataset,
    dataset_hash: IDENTITY.datasetHash,
  });
  const contract = JSON.parse(input_contract ?? "");
  assert.deepEqual(contract.input, { name: "images", dtype: "uint8", shape: [null, 32, 32, 3] });
  assert.equal(contract.channelOrder, "RGB");
  assert.deepEqual(contract.valueRange, [0, 255]);
  assert.equal(contract.decoding.resize, "STRETCH");
  assert.deepEqual(Object.keys(contract.outputs), ["probabilities"]);
});

test("normalizations are a part of the convolutions, and padding is explicit", async () => {
  const spec = { ...SMALL_NETWORK, batchNormalization: true } as const;
  const model = await written(networkOf(spec), "FLOAT32");
  assert.deepEqual(operatorsOf(model), {
    ...{ Transpose: 1, Cast: 1, Mul: 1, Conv: 8, Relu: 8, MaxPool: 5 },
    ...{ GlobalAveragePool: 1, Flatten: 1, Gemm: 1, Softmax: 1 },
  });
  const convolution = model.nodes.find(({ operator }) => operator === "Conv");
  assert.deepEqual(convolution?.attributes, { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] });
});

test("the scaling of images is a part of the file", async () => {
  const caffe = await written(networkOf({ ...SMALL_NETWORK, preprocessing: "IMAGENET_CAFFE" }), "FLOAT32");
  assert.equal(operatorsOf(caffe).Mul, undefined);
  // Red first, as images are.
  assert.deepEqual(
    [...float32Of(caffe.tensors.get("preprocessing/offsets"))],
    [-123.68, -116.779, -103.939].map(Math.fround),
  );
  const torch = await written(networkOf({ ...SMALL_NETWORK, preprocessing: "IMAGENET_TORCH" }), "FLOAT32");
  assert.deepEqual(torch.tensors.get("preprocessing/factors")?.shape, [1, 3, 1, 1]);
});

test("kernels of convolutions have outputs first, and rows of flattened features the channel slowest", async () => {
  const model = await written(networkOf(FLATTENED), "FLOAT32");
  const kernel = model.tensors.get("block1_conv1/kernel");
  assert.deepEqual(kernel?.shape, [8, 3, 3, 3]);
  const original = weight("block1_conv1/kernel", [3, 3, 3, 8]);
  const at = (row: number, column: number, channel: number, filter: number): number =>
    original[((row * 3 + column) * 3 + channel) * 8 + filter] ?? Number.NaN;
  assert.equal(float32Of(kernel)[((5 * 3 + 2) * 3 + 1) * 3 + 0], at(1, 0, 2, 5));

  const channels = 64;
  const dense = model.tensors.get("fc1/kernel");
  assert.deepEqual(dense?.shape, [4 * channels, 24]);
  const rows = weight("fc1/kernel", [4 * channels, 24]);
  // Row 1, column 0, channel 7: pixel 2 of 4.
  const [pixel, channel] = [2, 7];
  assert.deepEqual(
    float32Of(dense).subarray((channel * 4 + pixel) * 24, (channel * 4 + pixel + 1) * 24),
    rows.subarray((pixel * channels + channel) * 24, (pixel * channels + channel + 1) * 24),
  );
  assert.deepEqual(float32Of(model.tensors.get("fc2/kernel")), weight("fc2/kernel", [24, 24]));
});

test("FLOAT16 stores kernels in half the bytes, and computes in float32", async () => {
  const model = await written(networkOf(FLATTENED), "FLOAT16");
  const kernels = [...model.tensors].filter(([name]) => name.includes("/kernel")).map(([, kernel]) => kernel);
  assert.ok(kernels.length > 0 && kernels.every(({ type }) => type === FLOAT16));
  const casts = model.nodes.filter(({ operator }) => operator === "Cast");
  assert.equal(casts.length, 1 + kernels.length);
  assert.ok(casts.every(({ attributes }) => attributes.to === FLOAT32));
});

test("INT8 has whole-number weights per output channel, which no processor adds up beyond 16 bits", async () => {
  const network = networkOf(FLATTENED);
  const model = await written(network, "INT8");
  const dequantizedBy = (name: string) => model.nodes.find(({ outputs }) => outputs[0] === name);
  assert.equal(dequantizedBy("block1_conv1/kernel")?.attributes.axis, 0);
  assert.equal(dequantizedBy("fc1/kernel")?.attributes.axis, 1);
  for (const { name, operation } of network.layers) {
    if (operation.kind !== "Conv2D" && operation.kind !== "Dense") continue;
    const kernel = model.tensors.get(`${name}/kernel/int8`);
    assert.equal(kernel?.type, INT8);
    const values = int8Of(kernel);
    assert.equal(values.length, elementCount(kernel.shape));
    assert.equal(Math.max(...values.map(Math.abs)), 64);
    const outputs = operation.kind === "Conv2D" ? operation.filters : operation.units;
    assert.deepEqual(model.tensors.get(`${name}/kernel/scales`)?.shape, [outputs]);
  }
});

test("INT8 passes uint8 between layers, and a bias has the scale of the products", async () => {
  const model = await written(networkOf(FLATTENED), "INT8");
  const zeroPoint = model.tensors.get("block1_conv1/zero_point");
  assert.deepEqual([zeroPoint?.type, ...(zeroPoint?.bytes ?? [])], [UINT8, 0]);
  const [inputScale = 0] = float32Of(model.tensors.get("block1_conv1/scale"));
  const kernelScales = float32Of(model.tensors.get("block2_conv1/kernel/scales"));
  const biasScales = float32Of(model.tensors.get("block2_conv1/bias/scales"));
  assert.deepEqual(
    biasScales,
    kernelScales.map((scale) => scale * inputScale),
  );
  const bias = weight("block2_conv1/bias", [kernelScales.length]);
  for (const [output, value] of int32Of(model.tensors.get("block2_conv1/bias/int32")).entries()) {
    const scale = biasScales[output] ?? Number.NaN;
    assert.ok(Math.abs(value * scale - (bias[output] ?? 0)) <= scale);
  }
  // Pooling passes values of its input on, with its input's scale.
  const pooled = model.nodes.find(({ inputs }) => inputs[0] === "block1_pool");
  assert.deepEqual(pooled?.inputs.slice(1), ["block1_conv1/scale", "block1_conv1/zero_point"]);
});

test("INT8 keeps the bias of a channel whose weights are zero", async () => {
  const network = networkOf(SMALL_NETWORK, {
    "block1_conv1/kernel": (shape) => new Float32Array(elementCount(shape)),
    "block1_conv1/bias": (shape) => new Float32Array(elementCount(shape)).fill(0.75),
  });
  const model = await written(network, "INT8");
  const scales = float32Of(model.tensors.get("block1_conv1/bias/scales"));
  for (const [output, value] of int32Of(model.tensors.get("block1_conv1/bias/int32")).entries()) {
    assert.ok(Math.abs(value * (scales[output] ?? 0) - 0.75) < 1e-6);
  }
});

test("the bytes of an ONNX file depend on the network alone", async () => {
  await using temporary = await temporaryFolder();
  for (const precision of ONNX.precisions) {
    const files = ["a", "b"].map((name) => path.join(temporary.folder, `${name}-${precision}`));
    for (const file of files) await writeOnnx(networkOf(FLATTENED), precision, file);
    const [first, second] = await Promise.all(files.map((file) => readFile(file)));
    assert.ok(first !== undefined && second?.equals(first));
  }
});

test("weights that are not finite are refused by layer", async () => {
  const network = networkOf(SMALL_NETWORK, {
    "block3_conv2/kernel": (shape) => new Float32Array(elementCount(shape)).fill(Number.NaN),
  });
  for (const precision of ONNX.precisions) {
    await assert.rejects(
      written(network, precision),
      (error) => hasCode(error, "WEIGHTS_NOT_FINITE") && error.message.includes('"block3_conv2"'),
    );
  }
});

test("a network that is too large for ONNX is refused before anything is written", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "model.onnx");
  const spec = { ...FLATTENED, head: { ...FLATTENED.head, units: 32_768 } };
  await assert.rejects(
    writeOnnx(networkOf(spec), "FLOAT32", file),
    (error) => hasCode(error, "EXPORT_TOO_LARGE") && /2147483647.*needs \d{10}\./.test(error.message),
  );
  await assert.rejects(access(file));
});
