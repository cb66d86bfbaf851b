import type { UsageExample, UsageFacts } from "../format.js";
import { JAVASCRIPT_IMAGE, PYTHON_IMAGE } from "../image-snippets.js";

/** How to classify one image with an exported SavedModel. */
export function savedModelUsage({ fileName }: UsageFacts): readonly UsageExample[] {
  return [
    {
      runtime: "TensorFlow",
      language: "PYTHON",
      install: "pip install tensorflow numpy pillow",
      code: pythonProgram(fileName),
    },
    {
      runtime: "TensorFlow.js for Node",
      language: "JAVASCRIPT",
      // With Node 23 and newer, TensorFlow.js lacks functions that Node no longer has; loadSavedModel needs none of them.
      install: "npm install @tensorflow/tfjs-node adm-zip sharp",
      code: javascriptProgram(fileName),
    },
  ];
}

function pythonProgram(fileName: string): string {
  return `# Usage: python classify.py ${fileName} image.jpg
import json
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

model_file, image_file = sys.argv[1:]
# The archive holds one folder, which is the SavedModel.
with tempfile.TemporaryDirectory() as unpacked:
    with zipfile.ZipFile(model_file) as archive:
        archive.extractall(unpacked)
    [folder] = Path(unpacked).iterdir()
    labels = json.loads((folder / "espalier.json").read_text("utf-8"))["classNames"]
    model = tf.saved_model.load(str(folder))
classify = model.signatures["serving_default"]
size = classify.structured_input_signature[1]["images"].shape[1]

${PYTHON_IMAGE}

probabilities = classify(images=tf.constant(pixels[np.newaxis]))["probabilities"].numpy()[0]
best = probabilities.argmax()
print(f"{labels[best]} {probabilities[best]:.4f}")
`;
}

function javascriptProgram(fileName: string): string {
  return `// Usage: node classify.mjs ${fileName} image.jpg
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import tf from "@tensorflow/tfjs-node";
import AdmZip from "adm-zip";
import sharp from "sharp";

const [modelFile, imageFile] = process.argv.slice(2);
// The archive holds one folder, which is the SavedModel.
const unpacked = mkdtempSync(path.join(tmpdir(), "model-"));
new AdmZip(modelFile).extractAllTo(unpacked);
const folder = path.join(unpacked, readdirSync(unpacked)[0]);
const { classNames, inputContract } = JSON.parse(readFileSync(path.join(folder, "espalier.json"), "utf8"));
const size = inputContract.imageSizePixels;
const model = await tf.node.loadSavedModel(folder, ["serve"], "serving_default");
rmSync(unpacked, { recursive: true });

${JAVASCRIPT_IMAGE}

// TensorFlow.js passes on bytes as int32.
const images = tf.tensor4d(Int32Array.from(pixels), [1, size, size, 3], "int32");
const probabilities = await model.predict({ images }).probabilities.data();
const best = probabilities.indexOf(Math.max(...probabilities));
console.log(classNames[best], probabilities[best].toFixed(4));
`;
}
