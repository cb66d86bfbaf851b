import type { UsageExample, UsageFacts } from "../format.js";
import { LABELS_FILE } from "./labels.js";

/** No runtime for JavaScript reads TensorFlow Lite files outside of a browser, so there is no example for one. */
export function tfliteUsage({ fileName, imageSizePixels }: UsageFacts): readonly UsageExample[] {
  const size = `${imageSizePixels}, ${imageSizePixels}`;
  const code = `"""Classifies an image: python classify.py ${fileName} image.jpg"""
import sys
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

model_file, image_file = sys.argv[1:3]

# The labels are in a zip archive at the end of the model file, one on each line.
with zipfile.ZipFile(model_file) as archive:
    labels = archive.read("${LABELS_FILE}").decode("utf-8").split("\\n")[:-1]

# The model scales the pixels itself. It takes bytes, red first, of the whole image stretched to its size.
image = ImageOps.exif_transpose(Image.open(image_file)).convert("RGBA")
image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
pixels = np.asarray(image.resize((${size}), Image.Resampling.LANCZOS), dtype=np.uint8)[np.newaxis]

interpreter = Interpreter(model_path=model_file)
classify = interpreter.get_signature_runner("serving_default")
output = classify(images=pixels)["probabilities"][0]

# Probabilities are quantized where the model computes with integers.
scale, zero_point = classify.get_output_details()["probabilities"]["quantization"]
probabilities = (output.astype(np.float32) - zero_point) * scale if scale else output

best = int(np.argmax(probabilities))
print(f"{labels[best]}: {probabilities[best]:.6f}")
`;
  return [
    {
      runtime: "LiteRT (ai-edge-litert)",
      language: "PYTHON",
      install: "pip install ai-edge-litert numpy pillow",
      code,
    },
  ];
}
