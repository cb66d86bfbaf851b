import assert from "node:assert/strict";
import { test } from "node:test";
import { inputContractOf } from "../../../src/core/input-contract.js";
import { formatManifest, type ModelManifest, parseManifest } from "../../../src/registry/model-manifest.js";

const MANIFEST: Omit<ModelManifest, "formatVersion"> = {
  signatures: {
    serving_default: {
      inputs: { images: { name: "images:0", dtype: "uint8", shape: [null, 32, 32, 3] } },
      outputs: { probabilities: { name: "probabilities:0", dtype: "float32", shape: [null, 2] } },
    },
  },
  classNames: ["rose", "tulip"],
  inputContract: inputContractOf({ imageSizePixels: 32, preprocessing: "SCALE_0_1", classCount: 2 }),
  network: {
    architecture: "VGG11",
    batchNormalization: true,
    widthMultiplier: 0.25,
    imageSizePixels: 32,
    head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0 },
    preprocessing: "SCALE_0_1",
    precision: "FLOAT32",
    classCount: 2,
    seed: 0,
  },
  exportedPrecision: "FLOAT32",
  dataset: { ref: "flowers:1", hash: null },
  run: { id: "run_x", epoch: 3 },
};

test("a manifest is read as it was written, including open sizes", () => {
  assert.deepEqual(parseManifest(formatManifest(MANIFEST)), { formatVersion: 1, ...MANIFEST });
});

test("a manifest of an earlier version, without an input contract, is still read", () => {
  const { inputContract, exportedPrecision, ...earlier } = MANIFEST;
  assert.ok(inputContract !== null && exportedPrecision !== null);
  assert.deepEqual(parseManifest(JSON.stringify({ formatVersion: 1, ...earlier })), {
    formatVersion: 1,
    ...earlier,
    inputContract: null,
    exportedPrecision: null,
  });
});

test("a manifest of another format is refused, and the error says what to do", () => {
  const text = formatManifest(MANIFEST).replace('"formatVersion": 1', '"formatVersion": 2');
  assert.throws(() => parseManifest(text), {
    code: "MODEL_FORMAT_UNKNOWN",
    message: /Register the run again/,
  });
});
