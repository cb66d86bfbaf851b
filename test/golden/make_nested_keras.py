"""Writes VGG11s in parts, a model inside a model, and with heads that normalize, with real Keras.

    python make_nested_keras.py FOLDER

All weights are 0, but the first number of every kernel of a convolution and of every beta is its position in the network,
counted from 1, so that the tests see which layer was taken for which. Networks are a 64th as wide as published.
"""

import io
import os
import sys
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import h5py
import keras
import numpy as np
from keras import layers

WIDTHS = [1, 2, 4, 4, 8, 8, 8, 8]
POOLED = {0, 1, 3, 5, 7}  # the convolutions before a pooling
SIZE, CLASSES, UNITS = 32, 3, 8
folder = sys.argv[1]


def stages(start, end, normalized=False):
    for index in range(start, end):
        yield layers.Conv2D(WIDTHS[index], 3, padding="same", activation=None if normalized else "relu")
        if normalized:
            yield layers.BatchNormalization()
            yield layers.ReLU()
        if index in POOLED:
            yield layers.MaxPooling2D()


def inputs(start):
    size = SIZE >> len([index for index in POOLED if index < start])
    return keras.Input((size, size, WIDTHS[start - 1] if start > 0 else 3))


def sequential(start, end, *more, normalized=False):
    return keras.Sequential([inputs(start), *stages(start, end, normalized), *more])


def functional(start, end, normalized=False):
    first = output = inputs(start)
    for layer in stages(start, end, normalized):
        output = layer(output)
    return keras.Model(first, output)


def model(*parts):
    return keras.Sequential([inputs(0), *parts])


def leaves(layer):
    if not isinstance(layer, keras.Model):
        yield layer
    else:
        for below in layer.layers:
            yield from leaves(below)


def mark(variable, position):
    values = np.zeros(variable.shape, np.float32)
    values.flat[0] = position
    variable.assign(values)


def save(name, whole, *endings):
    convolutions = [layer for layer in leaves(whole) if isinstance(layer, layers.Conv2D)]
    normalizations = [layer for layer in leaves(whole) if isinstance(layer, layers.BatchNormalization)]
    dense = [layer for layer in leaves(whole) if isinstance(layer, layers.Dense)]
    for variable in whole.weights:
        mark(variable, 0)
    for marked in [convolutions, dense]:
        for position, layer in enumerate(marked, 1):
            mark(layer.kernel, position)
    for position, layer in enumerate(normalizations, 1):
        mark(layer.beta, position)
    for ending in endings:
        path = os.path.join(folder, f"{name}.{ending}")
        whole.save_weights(path) if ending == "weights.h5" else whole.save(path)


ALL = ["keras", "model.h5", "weights.h5"]

# Layers, a Sequential and a functional model, whose names are in another order. One of its layers is frozen.
mixed = model(*stages(0, 5), sequential(5, 6), functional(6, 8), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES))
mixed.layers[-3].layers[1].trainable = False
save("mixed", mixed, *ALL)



def renumber(model, step):
    """Names the groups of layers as Keras 2.12 (step 2) and 2.15 (step 1) did."""
    if "layers" not in model:
        return
    layers = model["layers"]
    for name in sorted(layers, key=lambda name: -int(name.rsplit("_", 1)[-1]) if name[-1].isdigit() and "_" in name else 0):
        renumber(layers[name], step)
        prefix, _, number = name.rpartition("_")
        if number.isdigit():
            layers.move(name, f"{prefix}_{int(number) * step}")
    model.move("layers", "_layer_checkpoint_dependencies")


def rewrite_for_version_2(file, step):
    with zipfile.ZipFile(os.path.join(folder, "mixed.keras")) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    weights = io.BytesIO(entries["model.weights.h5"])
    with h5py.File(weights, "a") as h5:
        renumber(h5, step)
    with zipfile.ZipFile(os.path.join(folder, file), "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, weights.getvalue() if name == "model.weights.h5" else content)


rewrite_for_version_2("mixed-2.12.keras", 2)
rewrite_for_version_2("mixed-2.15.keras", 1)

# Models of one class, at several depths, before layers of the model itself.
deep = model(
    keras.Sequential([inputs(0), keras.Sequential([inputs(0), functional(0, 2), functional(2, 4)]), layers.Dropout(0.5)]),
    *stages(4, 8), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES))
save("deep", deep, "keras", "weights.h5")

# All of one class, so that their numbers tell the order.
save("sequentials", model(*[sequential(index, index + 1) for index in range(8)], layers.GlobalAveragePooling2D(),
                          layers.Dense(CLASSES)), "weights.h5")

head = [layers.GlobalAveragePooling2D(), layers.BatchNormalization(), layers.Dense(CLASSES)]
save("normalized-head", model(*stages(0, 8), *head), *ALL)

head = [layers.GlobalAveragePooling2D(), layers.LayerNormalization(), layers.Dense(CLASSES)]
save("layer-normalized-head", model(*stages(0, 8), *head), "keras", "weights.h5")

head = [layers.GlobalAveragePooling2D(), layers.BatchNormalization(), layers.Dense(CLASSES)]
save("bn-normalized-head", model(functional(0, 8, normalized=True), *head), *ALL)

# Some layers of the head are a model.
hidden = keras.Sequential([keras.Input((8,)), *[layers.Dense(UNITS, activation="relu") for _ in range(2)]])
save("nested-head", model(functional(0, 8), layers.Flatten(), hidden, layers.Dense(CLASSES)), "keras", "weights.h5")
