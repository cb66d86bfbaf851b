"""What Python gets from ONNX files: checks each FILE, opens it and classifies the images in PIXELS, uint8 of COUNT
squares of SIZE.

    python open_onnx.py PIXELS COUNT SIZE FILE ...

Prints one line of JSON: by file, the probabilities, the model's properties, and whether ONNX's own library writes the
same bytes.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime

pixels, count, size, files = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
images = np.fromfile(pixels, np.uint8).reshape(count, size, size, 3)


def open_file(file):
    onnx.checker.check_model(file, full_check=True)
    with open(file, "rb") as opened:
        is_canonical = onnx.load(file).SerializeToString(deterministic=True) == opened.read()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(["probabilities"], {"images": images})
    return {
        "isCanonical": is_canonical,
        "probabilities": probabilities.tolist(),
        "properties": session.get_modelmeta().custom_metadata_map,
    }


print(json.dumps({file: open_file(file) for file in files}))
