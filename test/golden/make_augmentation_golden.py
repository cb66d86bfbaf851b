"""Writes augmentation.json and preprocessing.json: what Keras makes of the formula's images.

    VENV/bin/python test/golden/make_augmentation_golden.py

Keras's layers draw at random; here each gets an amount that leaves no choice.
"""

import json
import math
import os
import platform
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from golden_formula import formula_images
from make_keras_golden import SMALL_SIZE, assign_formula, small_network

FOLDER = Path(__file__).parent
SIZE = 16
COUNT = 1
FILL_MODES = ("CONSTANT", "NEAREST", "REFLECT", "WRAP")
# Far from whole and half pixels, where rounding would decide which pixel is taken.
ROTATION_DEGREES = 31
SHIFT_RIGHT, SHIFT_DOWN = 0.17, -0.23
WINDOW_SMALLER, WINDOW_LARGER = 0.71, 1.37
BRIGHTNESS, CONTRAST = 0.18, 1.6


def batch():
    return formula_images("augmentation", COUNT, SIZE).astype(np.float32)


def exactly(amount):
    return (amount, amount)


def moved(layer):
    return np.asarray(layer(batch(), training=True))


def all_at_once(fill_mode):
    """Mirrored left to right, turned, zoomed and shifted, by the product of one matrix for each."""
    center = (SIZE - 1) / 2
    angle = math.radians(ROTATION_DEGREES)
    to_center, back = translation(-center, -center), translation(center, center)
    mirror = np.diag([-1.0, 1, 1])
    turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    zoom = np.diag([WINDOW_SMALLER, WINDOW_SMALLER, 1])
    shift = translation(-SHIFT_RIGHT * SIZE, -SHIFT_DOWN * SIZE)
    # From a place in the output to one in the input, so the last change comes first.
    matrix = back @ mirror @ turn @ zoom @ to_center @ shift
    transforms = np.tile(matrix.reshape(-1)[:8].astype(np.float32), (COUNT, 1))
    return np.asarray(keras.ops.image.affine_transform(
        batch(), transforms, interpolation="bilinear", fill_mode=fill_mode.lower()))


def translation(x, y):
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def placements():
    layers = keras.layers
    turn = exactly(ROTATION_DEGREES / 360)
    for mode in FILL_MODES:
        fill = {"fill_mode": mode.lower()}
        rotation = {"rotationDegrees": ROTATION_DEGREES}
        yield mode, rotation, moved(layers.RandomRotation(turn, **fill))
        shift = {"shiftRight": SHIFT_RIGHT, "shiftDown": SHIFT_DOWN}
        yield mode, shift, moved(layers.RandomTranslation(exactly(SHIFT_DOWN), exactly(SHIFT_RIGHT), **fill))
        larger = {"window": WINDOW_LARGER}
        yield mode, larger, moved(layers.RandomZoom(exactly(WINDOW_LARGER - 1), **fill))
        yield mode, {"mirrored": True, "window": WINDOW_SMALLER, **rotation, **shift}, all_at_once(mode)
    smaller = {"window": WINDOW_SMALLER}
    yield "REFLECT", smaller, moved(layers.RandomZoom(exactly(WINDOW_SMALLER - 1), fill_mode="reflect"))


def tones():
    yield {"brightness": BRIGHTNESS}, moved(keras.layers.RandomBrightness(exactly(BRIGHTNESS)))
    layer = keras.layers.RandomContrast(0.5)
    factor = np.full((COUNT, 1, 1, 1), CONTRAST, np.float32)
    yield {"contrast": CONTRAST}, np.asarray(layer.transform_images(batch(), {"contrast_factor": factor}))


def make_augmentation():
    write("augmentation", {
        "sizePixels": SIZE, "count": COUNT,
        "placements": [{"fillMode": mode, "amounts": amounts, "pixels": numbers(pixels, 2)}
                       for mode, amounts, pixels in placements()],
        "tones": [{"amounts": amounts, "pixels": numbers(pixels, 2)} for amounts, pixels in tones()],
    })


def make_preprocessing():
    """Pixels as the first layer takes them, and what a small network says to them."""
    modes = {"SCALE_MINUS_1_1": "tf", "IMAGENET_CAFFE": "caffe", "IMAGENET_TORCH": "torch"}
    model = small_network("GLOBAL_AVERAGE_POOLING", False, 3)
    assign_formula(model)
    images = formula_images("preprocessing", COUNT, SMALL_SIZE).astype(np.float32)
    content = {}
    for name, mode in modes.items():
        inputs = keras.applications.imagenet_utils.preprocess_input(images.copy(), mode=mode)
        logits = model(inputs, training=False)
        content[name] = {"firstPixels": numbers(inputs[:, :2, :4], 6), "logits": numbers(logits, 6)}
    write("preprocessing", {"sizePixels": SMALL_SIZE, "count": COUNT, "kinds": content})


def numbers(values, decimals):
    return [round(float(value), decimals) for value in np.asarray(values).reshape(-1)]


def write(file, content):
    made_by = {"script": "test/golden/make_augmentation_golden.py", "formula": "test/golden/golden_formula.py",
               "keras": keras.__version__, "numpy": np.__version__, "python": platform.python_version()}
    path = FOLDER / f"{file}.json"
    path.write_text(json.dumps({"madeBy": made_by, **content}, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    make_augmentation()
    make_preprocessing()
