"""What converted exports compute: converts every FOLDER as it is, and classifies the formula's images NAME.

    python convert_saved_model.py CONVERTER NAME COUNT SIZE FOLDER...

CONVERTER is `tflite` (TensorFlow Lite's converter and interpreter) or `onnx` (the command line of tf2onnx, and the
reference evaluator of onnx). Prints one line of JSON: by folder, the probabilities of every image.
"""

import json
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from golden_formula import formula_images


def classify_with_tflite(folder, images):
    import tensorflow as tf

    converted = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    interpreter = tf.lite.Interpreter(model_content=converted)
    return interpreter.get_signature_runner("serving_default")(images=images)["probabilities"]


def classify_with_onnx(folder, images):
    from onnx.reference import ReferenceEvaluator

    with tempfile.TemporaryDirectory() as temporary:
        file = os.path.join(temporary, "model.onnx")
        command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", folder, "--output", file]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        evaluator = ReferenceEvaluator(file)
        return evaluator.run(["probabilities"], {evaluator.input_names[0]: images})[0]


CONVERTERS = {"tflite": classify_with_tflite, "onnx": classify_with_onnx}

converter, name, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
images = formula_images(name, count, size)
print(json.dumps({folder: CONVERTERS[converter](folder, images).tolist() for folder in sys.argv[5:]}))
