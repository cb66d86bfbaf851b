"""What Python's LiteRT gets from a TensorFlow Lite file: opens every FILE and classifies IMAGES.

    python run_tflite.py IMAGES SIZE FILE...

IMAGES is a file of pixels, uint8 [n, SIZE, SIZE, 3].

Prints one line of JSON: by file, the probabilities of all images at once and one by one, and the types of all tensors.
"""

import json
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def probabilities_of(runner, images):
    output = runner(images=images)["probabilities"]
    scale, zero_point = runner.get_output_details()["probabilities"]["quantization"]
    return ((output.astype(np.float32) - zero_point) * scale if scale else output).tolist()


def run(file, images):
    interpreter = Interpreter(model_path=file)
    runner = interpreter.get_signature_runner("serving_default")
    return {
        "one_by_one": [probabilities_of(runner, images[index : index + 1])[0] for index in range(len(images))],
        "together": probabilities_of(runner, images),
        "types": sorted({np.dtype(tensor["dtype"]).name for tensor in interpreter.get_tensor_details()}),
    }


size = int(sys.argv[2])
images = np.fromfile(sys.argv[1], np.uint8).reshape(-1, size, size, 3)
print(json.dumps({file: run(file, images) for file in sys.argv[3:]}))
