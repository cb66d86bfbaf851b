"""What Python gets from a SavedModel: opens FOLDER and classifies the formula's images NAME.

    python predict_saved_model.py FOLDER NAME COUNT SIZE

Prints one line of JSON: the outputs of `serving_default`, the name and shape of every variable,
and the names of the trainable ones.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from golden_formula import formula_images

folder, name, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
loaded = tf.saved_model.load(folder)
outputs = loaded.signatures["serving_default"](images=tf.constant(formula_images(name, count, size)))
print(json.dumps({
    "outputs": {key: value.numpy().tolist() for key, value in outputs.items()},
    "variables": {variable.name.removesuffix(":0"): variable.shape.as_list() for variable in loaded.variables},
    "trainable": [variable.name.removesuffix(":0") for variable in loaded.variables if variable.trainable],
}))
