import type { UsageExample, UsageFacts } from "../format.js";
import { JAVASCRIPT_IMAGE, PYTHON_IMAGE } from "../image-snippets.js";

export function onnxUsage({ fileName, classNames }: UsageFacts): readonly UsageExample[] {
  return [
    {
      runtime: "ONNX Runtime (onnxruntime)",
      language: "PYTHON",
      install: "pip install onnxruntime numpy pillow",
      code: pythonProgram(fileName),
    },
    {
      runtime: "ONNX Runtime (onnxruntime-node)",
      language: "JAVASCRIPT",
      install: "npm install onnxruntime-node sharp",
      code: javascriptProgram(fileName, classNames),
    },
  ];
}

function pythonProgram(fileName: string): string {
  return `# Usage: python classify.py ${fileName} image.jpg
import json
import sys

import numpy as np
import onnxruntime as ort
from PIL import Image, ImageOps

model_file, image_file = sys.argv[1:]
session = ort.InferenceSession(model_file, providers=["CPUExecutionProvider"])
labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])
size = session.get_inputs()[0].shape[1]

${PYTHON_IMAGE}

(probabilities,) = session.run(["probabilities"], {"images": pixels[np.newaxis]})
best = probabilities[0].argmax()
print(f"{labels[best]} {probabilities[0][best]:.4f}")
`;
}

/** onnxruntime-node does not give a model's properties, so the program lists the labels. */
function javascriptProgram(fileName: string, classNames: readonly string[]): string {
  return `// Usage: node classify.mjs ${fileName} image.jpg
import ort from "onnxruntime-node";
import sharp from "sharp";

// They are in the file as well, as the property "labels", which onnxruntime-node cannot read.
const labels = ${JSON.stringify(classNames, null, 2)};

const [modelFile, imageFile] = process.argv.slice(2);
const session = await ort.InferenceSession.create(modelFile);
const [, size] = session.inputMetadata[0].shape;

${JAVASCRIPT_IMAGE}

const images = new ort.Tensor("uint8", pixels, [1, size, size, 3]);
const { probabilities } = await session.run({ images });
const best = probabilities.data.indexOf(Math.max(...probabilities.data));
console.log(labels[best], probabilities.data[best].toFixed(4));
`;
}
