"""What Keras makes of `.keras` files: opens and uses each FILE as a user does, and saves it again.

    python open_keras_archives.py FOLDER FILE ...

FOLDER is for the files that are saved again. Prints one line of JSON: for each FILE the warnings, the name of the model,
its input and output, the classes of its layers, the number of its parameters, and the greatest difference between the
probabilities before and after saving.
"""

import json
import os
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

folder, *files = sys.argv[1:]
described = {}
for index, file in enumerate(files):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = keras.models.load_model(file, safe_mode=True)
        [image] = model.inputs
        images = np.random.default_rng(1).integers(0, 256, (2, *image.shape[1:]), np.uint8)
        probabilities = model.predict(images, verbose=0)
    saved = os.path.join(folder, f"{index}.keras")
    # Keras 3.15 itself warns of its use of NumPy here.
    model.save(saved)
    again = keras.models.load_model(saved, safe_mode=True).predict(images, verbose=0)
    described[file] = {
        "warnings": [str(warning.message) for warning in caught],
        "name": model.name,
        "input": [image.name, image.dtype, *image.shape],
        "outputs": model.output_names,
        "layers": [type(layer).__name__ for layer in model.layers],
        "parameters": model.count_params(),
        "differenceAfterSaving": float(np.abs(probabilities - again).max()),
    }
print(json.dumps(described))
