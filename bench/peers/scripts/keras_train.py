"""Trains a network on one batch of noise with Keras on TensorFlow, through `train_on_batch`.

VGG19 is the one of `keras.applications`. Its ResNet-50 is of version 1, with the stride in the first convolution of
a block; Espalier and torchvision have version 1.5, with the stride in the 3 x 3 convolution, so the residual networks
are written here.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
from keras import layers
from measuring import CLASSES, LEARNING_RATE, measure_steps, parse_arguments

# Blocks per stage, and whether a block is a bottleneck. He et al. (2016), table 1.
RESNETS = {
    "resnet18": ((2, 2, 2, 2), False),
    "resnet34": ((3, 4, 6, 3), False),
    "resnet50": ((3, 4, 6, 3), True),
}


def convolution(inputs, filters: int, kernel: int, stride: int = 1, relu: bool = True):
    """A convolution with batch normalization. Its padding is PyTorch's: the same on both sides."""
    outputs = layers.ZeroPadding2D(kernel // 2)(inputs) if kernel > 1 and stride > 1 else inputs
    padding = "same" if stride == 1 else "valid"
    outputs = layers.Conv2D(filters, kernel, stride, padding, use_bias=False)(outputs)
    outputs = layers.BatchNormalization(epsilon=1e-5)(outputs)
    return layers.ReLU()(outputs) if relu else outputs


def residual_block(inputs, filters: int, stride: int, bottleneck: bool):
    if bottleneck:
        width = 4 * filters
        outputs = convolution(inputs, filters, 1)
        outputs = convolution(outputs, filters, 3, stride)
        outputs = convolution(outputs, width, 1, relu=False)
    else:
        width = filters
        outputs = convolution(inputs, filters, 3, stride)
        outputs = convolution(outputs, filters, 3, relu=False)
    shortcut = inputs
    if stride > 1 or inputs.shape[-1] != width:
        shortcut = convolution(inputs, width, 1, stride, relu=False)
    return layers.ReLU()(layers.Add()([outputs, shortcut]))


def resnet(name: str, image_size: int) -> keras.Model:
    stages, bottleneck = RESNETS[name]
    inputs = keras.Input((image_size, image_size, 3))
    outputs = convolution(inputs, 64, 7, 2)
    outputs = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(outputs))
    for stage, blocks in enumerate(stages):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            outputs = residual_block(outputs, 64 * 2**stage, stride, bottleneck)
    outputs = layers.GlobalAveragePooling2D()(outputs)
    # The loss is computed in float32, as mixed precision demands.
    return keras.Model(inputs, layers.Dense(CLASSES, dtype="float32")(outputs))


def vgg19(image_size: int) -> keras.Model:
    model = keras.applications.VGG19(
        weights=None,
        classes=CLASSES,
        input_shape=(image_size, image_size, 3),
        classifier_activation=None,
    )
    return keras.Sequential([model, layers.Activation("linear", dtype="float32")])


def main() -> None:
    arguments = parse_arguments(__doc__, ["vgg19", *RESNETS])
    keras.utils.set_random_seed(0)
    if arguments.precision == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    size = arguments.image_size
    model = vgg19(size) if arguments.model == "vgg19" else resnet(arguments.model, size)
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        # Compiled by XLA, these networks train slower on a CPU.
        jit_compile=False,
    )
    images = tf.random.uniform((arguments.batch, size, size, 3))
    labels = tf.random.uniform((arguments.batch,), maxval=CLASSES, dtype=tf.int32)
    version = f"Keras {keras.__version__} on TensorFlow {tf.__version__}"
    measure_steps(lambda: model.train_on_batch(images, labels), arguments, version)


if __name__ == "__main__":
    main()
