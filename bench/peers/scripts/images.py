"""Reads a folder of class folders as arrays of bytes."""

import pathlib

import numpy as np
from PIL import Image


def read_images(folder: str, size: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Returns images of `size` pixels as uint8 of shape (count, size, size, 3), their labels and the class count."""
    classes = sorted(entry for entry in pathlib.Path(folder).iterdir() if entry.is_dir())
    images, labels = [], []
    for label, folder_of_class in enumerate(classes):
        for file in sorted(folder_of_class.glob("*.jp*g")):
            with Image.open(file) as image:
                resized = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
            images.append(np.asarray(resized))
            labels.append(label)
    return np.stack(images), np.asarray(labels, np.int64), len(classes)


def split_indices(count: int, validation: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns shuffled indices for training and for validation."""
    order = np.random.default_rng(seed).permutation(count)
    validation_count = round(count * validation)
    return order[validation_count:], order[:validation_count]
