import type { UsageExample, UsageFacts } from "../format.js";
import { PYTHON_IMAGE } from "../image-snippets.js";

/** How to classify one image with a `.keras` file. */
export function kerasUsage({ fileName }: UsageFacts): readonly UsageExample[] {
  const code = `# Usage: python classify.py ${fileName} image.jpg
import json
import sys
import zipfile

import keras
import numpy as np
from PIL import Image, ImageOps

model_file, image_file = sys.argv[1:]
model = keras.models.load_model(model_file, safe_mode=True, compile=False)
size = model.input_shape[1]

# The labels are in the file, in the order of the probabilities.
with zipfile.ZipFile(model_file) as archive:
    labels = json.loads(archive.read("config.json"))["espalier"]["labels"]

${PYTHON_IMAGE}

probabilities = keras.ops.convert_to_numpy(model(pixels[np.newaxis]))[0]
best = probabilities.argmax()
print(f"{labels[best]} {probabilities[best]:.4f}")
`;
  return [
    { runtime: "Keras", language: "PYTHON", install: "pip install keras tensorflow numpy pillow", code },
  ];
}
