import assert from "node:assert/strict";
import { test } from "node:test";
import { Architecture, Preprocessing } from "../../../src/core/enumerations.js";
import { ARCHITECTURES, layersOf } from "../../../src/graph/architectures/registry.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { heNormal } from "../../../src/graph/initializers/he-normal.js";
import { addition } from "../../../src/graph/layers/addition.js";
import { convolution } from "../../../src/graph/layers/convolution.js";
import { LayerList, shapesOf, splitLayers } from "../../../src/graph/layers/layer-graph.js";
import { DATA_TYPE_NUMBERS } from "../../../src/graph/saved-model/graph-def.js";
import { type DecodedNode, decodeSavedModel } from "./decoded-graph.js";
import { PUBLISHED_VGG19 } from "./networks.js";

for (const architecture of Object.values(Architecture)) {
  const { stageCount, heads, minImageSizePixels, batchNormalization } = ARCHITECTURES[architecture];
  const network = {
    ...PUBLISHED_VGG19,
    architecture,
    batchNormalization: batchNormalization === "always",
    imageSizePixels: minImageSizePixels,
    head: { kind: heads[0], units: 16, dropout: 0 },
    widthMultiplier: 1 / 16,
    classCount: 3,
  };

  test(`${architecture} builds at its smallest image size`, () => {
    const { signatures } = buildServingGraph(network);
    assert.deepEqual(signatures.serving_default?.outputs.logits?.shape, [null, 3]);
  });

  test(`a SavedModel of ${architecture} in float32 has one signature and TensorFlow's own ops in float32 alone`, () => {
    for (const preprocessing of Object.values(Preprocessing)) {
      const { bytes } = buildServingGraph({ ...network, preprocessing, precision: "FLOAT32" });
      const { signatures, nodes, saver, functionCount } = decodeSavedModel(bytes);
      assert.deepEqual([...signatures.keys()], ["serving_default"]);
      assert.equal(functionCount, 0);
      assert.equal(saver?.restore, "restore/NoOp");
      for (const { name, op, attributes } of nodes) {
        assert.doesNotMatch(op, /^Espalier/, name);
        // TensorFlow Lite has no pooling with explicit padding.
        assert.ok(op !== "MaxPool" || textOf(attributes.get("padding")) === "VALID", name);
        for (const attribute of attributes.values()) {
          const { bfloat16, float16 } = DATA_TYPE_NUMBERS;
          assert.ok(![bfloat16, float16].includes(attribute.getType()), name);
        }
      }
    }
  });

  test(`${architecture} can be cut behind each of its ${stageCount} stages, and behind no other`, () => {
    const layers = layersOf(network);
    const stages = layers.map(({ stage }) => stage);
    const inOrder = [...stages].sort((one, other) => (one ?? stageCount + 1) - (other ?? stageCount + 1));
    assert.deepEqual(stages, inOrder, "stages follow each other, and the head follows them");
    assert.equal(Math.max(...stages.map((stage) => stage ?? 0)), stageCount);
    for (let frozenStages = 1; frozenStages <= stageCount; frozenStages++) {
      const { frozen, learning, boundary } = splitLayers(layers, frozenStages);
      assert.equal(boundary, frozen.at(-1)?.layer.name);
      assert.equal(frozen.length + learning.length, layers.length);
    }
    assert.equal(splitLayers(layers, 0).boundary, "input");
  });
}

function textOf(
  attribute: DecodedNode["attributes"] extends ReadonlyMap<string, infer V> ? V | undefined : never,
): string {
  return Buffer.from((attribute?.getS() ?? "") as string, "base64").toString();
}

function narrow(name: string) {
  const options = { name, width: 2, kernelSize: 3, stride: 1, useBias: true, activation: "relu" } as const;
  return convolution({ ...options, kernelInitializer: heNormal });
}

test("layers behind a cut may read only one value before it", () => {
  const layers = new LayerList();
  const first = layers.add(narrow("first"), { stage: 1 });
  const second = layers.add(narrow("second"), { stage: 1 });
  layers.add(addition("sum"), { stage: 2, inputs: [first, second] });
  assert.throws(() => splitLayers(layers.layers, 1), {
    code: "GRAPH_INVALID",
    message: /one value.*first, second/,
  });
});

test("a layer that reads a later layer is refused", () => {
  const layers = new LayerList();
  layers.add(narrow("first"), { stage: 1, inputs: ["second"] });
  assert.throws(() => shapesOf(layers.layers, [8, 8, 3]), {
    code: "GRAPH_INVALID",
    message: /"first" reads "second"/,
  });
});
