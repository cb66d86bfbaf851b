"""What Python's LiteRT gets from a TensorFlow Lite file: opens every FILE and classifies the formula's images NAME.

    python run_tflite.py NAME COUNT SIZE FILE...

Prints one line of JSON: by file, the probabilities of all images at once and one by one, and the types of all tensors.
"""

import json
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from golden_formula import formula_images


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


name, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
images = formula_images(name, count, size)
print(json.dumps({file: run(file, images) for file in sys.argv[4:]}))
