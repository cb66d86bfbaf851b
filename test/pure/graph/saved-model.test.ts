import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { specOf } from "../../../src/graph/graph-node.js";
import { zeros } from "../../../src/graph/initializers/constant-value.js";
import { identity } from "../../../src/graph/ops/array.js";
import {
  constant,
  int32Vector,
  int64Vector,
  placeholder,
  stringVector,
} from "../../../src/graph/ops/constants.js";
import { conv2D } from "../../../src/graph/ops/convolution.js";
import { fusedBatchNorm } from "../../../src/graph/ops/normalization.js";
import { DATA_TYPE_NUMBERS } from "../../../src/graph/saved-model/graph-def.js";
import { addPersistence } from "../../../src/graph/saved-model/persistence.js";
import { encodeSavedModel } from "../../../src/graph/saved-model/saved-model.js";
import type { SignatureTable } from "../../../src/graph/saved-model/signature.js";
import { Variables } from "../../../src/graph/variables.js";
import { decodeSavedModel, mapOf, sizesOf } from "./decoded-graph.js";

function roundTrip(graph: GraphBuilder, signatures: SignatureTable = {}) {
  const bytes = encodeSavedModel({ nodes: graph.nodes, signatures, saver: null, variables: [] });
  return decodeSavedModel(bytes);
}

test("nodes keep names, operations, inputs and control inputs", () => {
  const graph = new GraphBuilder();
  const images = placeholder(graph, "images", "float32", [null, 8, 8, 3]);
  const statistics = () => placeholder(graph, "statistics", "float32", [3]);
  const inputs = { scale: statistics(), offset: statistics(), mean: statistics(), variance: statistics() };
  const normalized = fusedBatchNorm(graph, images, inputs, { epsilon: 1e-3, training: true });
  identity(graph, normalized.output(2), { name: "variance", after: [images.node] });

  const { nodes, schemaVersion, tags } = roundTrip(graph);
  assert.deepEqual({ schemaVersion, tags }, { schemaVersion: 1, tags: ["serve"] });
  const variance = nodes.at(-1)!;
  assert.equal(variance.op, "Identity");
  assert.deepEqual(variance.inputs, ["FusedBatchNormV3:2", "^images"]);
  const batchNorm = nodes.find(({ op }) => op === "FusedBatchNormV3")!;
  assert.deepEqual(batchNorm.inputs[0], "images");
  assert.equal(batchNorm.attributes.get("is_training")!.getB(), true);
  assert.ok(Math.abs(batchNorm.attributes.get("epsilon")!.getF() - 1e-3) < 1e-9);
  assert.equal(batchNorm.attributes.get("T")!.getType(), DATA_TYPE_NUMBERS.float32);
});

test("lists, texts and shapes with an open axis are written without loss", () => {
  const graph = new GraphBuilder();
  const images = placeholder(graph, "images", "bfloat16", [null, 8, 8, 3]);
  conv2D(graph, images, placeholder(graph, "kernel", "bfloat16", [3, 3, 3, 4]), { stride: 2 });
  const { nodes } = roundTrip(graph);
  assert.deepEqual(sizesOf(nodes[0]!.attributes.get("shape")!.getShape()), [null, 8, 8, 3]);
  const attributes = nodes.at(-1)!.attributes;
  assert.deepEqual(attributes.get("strides")!.getList()!.getIList(), [1, 2, 2, 1]);
  assert.equal(Buffer.from(attributes.get("padding")!.getS() as string, "base64").toString(), "SAME");
});

test("constants keep their type, shape and elements, negative and long ones too", () => {
  const graph = new GraphBuilder();
  const long = Array.from({ length: 300 }, (_, i) => i - 150);
  int32Vector(graph, long, "integers");
  int64Vector(graph, [-1, 2 ** 40], "wide");
  stringVector(graph, ["", "name", "größer"], "texts");
  const content = new Uint8Array(Float32Array.of(1.5, -2.5).buffer);
  constant(graph, "floats", { dtype: "float32", shape: [2, 1], content });

  const tensors = roundTrip(graph).nodes.map(({ attributes }) => attributes.get("value")!.getTensor()!);
  assert.deepEqual(
    tensors.map((tensor) => [tensor.getDtype(), sizesOf(tensor.getTensorShape())]),
    [
      [DATA_TYPE_NUMBERS.int32, [300]],
      [DATA_TYPE_NUMBERS.int64, [2]],
      [DATA_TYPE_NUMBERS.string, [3]],
      [DATA_TYPE_NUMBERS.float32, [2, 1]],
    ],
  );
  const bytes = tensors.map((tensor) => tensor.getTensorContent_asU8().slice().buffer);
  assert.deepEqual([...new Int32Array(bytes[0]!)], long);
  assert.deepEqual([...new BigInt64Array(bytes[1]!)], [-1n, 2n ** 40n]);
  assert.deepEqual([...new Float32Array(bytes[3]!)], [1.5, -2.5]);
  const texts = tensors[2]!.getStringValList_asU8().map((text) => new TextDecoder().decode(text));
  assert.deepEqual(texts, ["", "name", "größer"]);
});

test("signatures keep their tensors", () => {
  const graph = new GraphBuilder();
  const x = placeholder(graph, "x", "uint8", [null, 2]);
  const y = identity(graph, x);
  const { signatures } = roundTrip(graph, {
    predict: { inputs: { images: specOf(x) }, outputs: { same: specOf(y) } },
  });
  assert.deepEqual([...signatures.keys()], ["predict"]);
  const predict = signatures.get("predict")!;
  assert.equal(predict.getMethodName(), "tensorflow/serving/predict");
  const described = [predict.getInputsMap(), predict.getOutputsMap()].map((map) =>
    [...mapOf(map)].map(([name, info]) => [
      name,
      info.getName(),
      info.getDtype(),
      sizesOf(info.getTensorShape()),
    ]),
  );
  assert.deepEqual(described, [
    [["images", "x:0", DATA_TYPE_NUMBERS.uint8, [null, 2]]],
    [["same", "Identity:0", DATA_TYPE_NUMBERS.uint8, [null, 2]]],
  ]);
});

test("a loader finds the variables and how to fill them", () => {
  const graph = new GraphBuilder();
  const variables = new Variables(graph, 1);
  variables.create({ name: "layer/kernel", shape: [2], trainable: true, initializer: zeros });
  variables.create({ name: "layer/moving_mean", shape: [2], trainable: false, initializer: zeros });
  const { saver, signatures } = addPersistence(graph, variables.all);
  const decoded = decodeSavedModel(
    encodeSavedModel({ nodes: graph.nodes, signatures, saver, variables: variables.all }),
  );

  assert.deepEqual(decoded.saver, {
    prefix: "checkpoint/prefix:0",
    save: "save/prefix:0",
    restore: "restore/NoOp",
    version: 2,
  });
  assert.deepEqual([...decoded.signatures.keys()].sort(), ["init", "restore", "save"]);
  const names = new Set(decoded.nodes.map(({ name }) => name));
  for (const name of ["layer/kernel", "layer/kernel/Assign", "layer/kernel/Read", "restore/NoOp"]) {
    assert.ok(names.has(name), name);
  }
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  const collected = [...decoded.collections].map(([name, defs]) => [
    name,
    defs.map((def) => /layer\/\w+(?=:0)/.exec(text(def))?.[0]),
  ]);
  assert.deepEqual(Object.fromEntries(collected), {
    variables: ["layer/kernel", "layer/moving_mean"],
    trainable_variables: ["layer/kernel"],
  });
});
