"""Trains the recipe on a folder of images with Keras: preprocessing layers in `tf.data`, `model.fit`."""

import math
import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
from images import read_images, split_indices
from keras import layers
from recipe import (
    BATCH,
    BRIGHTNESS,
    CONVOLUTIONS_PER_BLOCK,
    DEVIATION,
    DROPOUT,
    FILTERS,
    LABEL_SMOOTHING,
    MEAN,
    PEAK_LEARNING_RATE,
    ROTATION_DEGREES,
    SHIFT,
    VALIDATION,
    WARM_UP,
    WEIGHT_DECAY,
    ZOOM,
    parse_arguments,
    print_epochs,
)


def network(classes: int, size: int) -> keras.Model:
    inputs = keras.Input((size, size, 3))
    variance = [deviation**2 for deviation in DEVIATION]
    outputs = layers.Normalization(mean=MEAN, variance=variance)(layers.Rescaling(1 / 255)(inputs))
    for filters in FILTERS:
        for _ in range(CONVOLUTIONS_PER_BLOCK):
            outputs = layers.Conv2D(
                filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
            )(outputs)
            outputs = layers.ReLU()(layers.BatchNormalization()(outputs))
        outputs = layers.MaxPooling2D()(outputs)
    outputs = layers.Dropout(DROPOUT)(layers.GlobalAveragePooling2D()(outputs))
    return keras.Model(inputs, layers.Dense(classes, dtype="float32")(outputs))


def augmentation() -> keras.Sequential:
    # A float32 policy: values of images need more digits than bfloat16 has.
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal", dtype="float32"),
            layers.RandomRotation(ROTATION_DEGREES / 360, dtype="float32"),
            layers.RandomTranslation(SHIFT, SHIFT, dtype="float32"),
            layers.RandomZoom(ZOOM, dtype="float32"),
            layers.RandomBrightness(BRIGHTNESS, value_range=(0, 255), dtype="float32"),
        ]
    )


class EpochTimes(keras.callbacks.Callback):
    """Measures an epoch from its first step to the end of its validation."""

    def __init__(self):
        super().__init__()
        self.seconds: list[float] = []
        self.started = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.started)


def main() -> None:
    arguments = parse_arguments(__doc__)
    keras.utils.set_random_seed(0)
    if arguments.precision == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    images, labels, classes = read_images(arguments.folder, arguments.image_size)
    training, validation = split_indices(len(labels), VALIDATION)
    one_hot = keras.utils.to_categorical(labels, classes)
    augment = augmentation()
    batches = (
        tf.data.Dataset.from_tensor_slices((images[training], one_hot[training]))
        .shuffle(len(training))
        .batch(BATCH)
        .map(
            lambda x, y: (augment(tf.cast(x, tf.float32), training=True), y),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .prefetch(tf.data.AUTOTUNE)
    )
    validation_batches = tf.data.Dataset.from_tensor_slices((images[validation], one_hot[validation])).batch(BATCH)
    steps = arguments.epochs * math.ceil(len(training) / BATCH)
    warm_up = max(1, round(WARM_UP * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm_up, warmup_target=PEAK_LEARNING_RATE, warmup_steps=warm_up
    )
    model = network(classes, arguments.image_size)
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING),
        metrics=["accuracy"],
        # Compiled by XLA, the network trains slower on a CPU.
        jit_compile=False,
    )
    times = EpochTimes()
    history = model.fit(
        batches, validation_data=validation_batches, epochs=arguments.epochs, callbacks=[times], verbose=0
    )
    version = f"Keras {keras.__version__} on TensorFlow {tf.__version__}"
    print_epochs(arguments, version, times.seconds, history.history["val_accuracy"])


if __name__ == "__main__":
    main()
