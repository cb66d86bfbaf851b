import type { UsageExample, UsageFacts } from "../format.js";
import { PYTHON_IMAGE } from "../image-snippets.js";
import { LABELS_FILE } from "../labels.js";

/**
 * How to classify one image with a `.tflite` file. There is no example in JavaScript: the runtimes for it
 * (`@litertjs/core`, `@tensorflow/tfjs-tflite`) run in browsers alone.
 */
export function tfliteUsage({ fileName }: UsageFacts): readonly UsageExample[] {
  const code = `# Usage: python classify.py ${fileName} image.jpg
import sys
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

model_file, image_file = sys.argv[1:]
# The labels are in a zip archive at the end of the file, one on each line.
with zipfile.ZipFile(model_file) as archive:
    labels = archive.read("${LABELS_FILE}").decode("utf-8").split("\\n")

interpreter = Interpreter(model_path=model_file)
classify = interpreter.get_signature_runner("serving_default")
size = classify.get_input_details()["images"]["shape"][1]

${PYTHON_IMAGE}

probabilities = classify(images=pixels[np.newaxis])["probabilities"][0]
# A model that computes with integers gives probabilities as integers.
scale, zero_point = classify.get_output_details()["probabilities"]["quantization"]
if scale:
    probabilities = (probabilities.astype(np.float32) - zero_point) * scale
best = probabilities.argmax()
print(f"{labels[best]} {probabilities[best]:.4f}")
`;
  return [
    {
      runtime: "LiteRT",
      language: "PYTHON",
      install: "pip install ai-edge-litert numpy pillow",
      code,
    },
  ];
}
