"""Trains VGG19 on one batch of noise with a step written by hand for TensorFlow.

There is nothing around TensorFlow's own kernels here: one function, one fused Adam update per variable. It shows what
the library allows.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
from measuring import CLASSES, LEARNING_RATE, measure_steps, parse_arguments

# Convolutions and filters per block. Simonyan and Zisserman (2015), table 1, column E.
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))
HIDDEN_UNITS = 4096
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class Layer:
    """A kernel and a bias in float32, with the state of Adam."""

    def __init__(self, shape: tuple[int, ...]):
        inputs = tf.cast(tf.reduce_prod(shape[:-1]), tf.float32)
        kernel = tf.random.normal(shape, stddev=tf.sqrt(2.0 / inputs))
        self.variables = (tf.Variable(kernel), tf.Variable(tf.zeros(shape[-1:])))
        self.moments = [(tf.Variable(tf.zeros(v.shape)), tf.Variable(tf.zeros(v.shape))) for v in self.variables]

    def cast(self, dtype: tf.DType):
        return (tf.cast(variable, dtype) for variable in self.variables)


class Vgg19:
    def __init__(self, image_size: int, dtype: tf.DType):
        self.dtype = dtype
        self.convolutions: list[list[Layer]] = []
        channels = 3
        for count, filters in BLOCKS:
            block = []
            for _ in range(count):
                block.append(Layer((3, 3, channels, filters)))
                channels = filters
            self.convolutions.append(block)
        flattened = channels * (image_size // 2 ** len(BLOCKS)) ** 2
        widths = (flattened, HIDDEN_UNITS, HIDDEN_UNITS, CLASSES)
        self.dense = [Layer(shape) for shape in zip(widths, widths[1:])]
        self.layers = [*(layer for block in self.convolutions for layer in block), *self.dense]

    def logits(self, images: tf.Tensor) -> tf.Tensor:
        outputs = tf.cast(images, self.dtype)
        for block in self.convolutions:
            for layer in block:
                kernel, bias = layer.cast(self.dtype)
                outputs = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(outputs, kernel, 1, "SAME"), bias))
            outputs = tf.nn.max_pool2d(outputs, 2, 2, "VALID")
        outputs = tf.reshape(outputs, (images.shape[0], -1))
        for layer in self.dense:
            kernel, bias = layer.cast(self.dtype)
            outputs = tf.nn.bias_add(tf.matmul(outputs, kernel), bias)
            if layer is not self.dense[-1]:
                outputs = tf.nn.dropout(tf.nn.relu(outputs), 0.5)
        return tf.cast(outputs, tf.float32)


def main() -> None:
    arguments = parse_arguments(__doc__, ["vgg19"])
    tf.random.set_seed(0)
    dtype = tf.bfloat16 if arguments.precision == "bfloat16" else tf.float32
    model = Vgg19(arguments.image_size, dtype)
    variables = [variable for layer in model.layers for variable in layer.variables]
    moments = [pair for layer in model.layers for pair in layer.moments]
    powers = (tf.Variable(BETA_1), tf.Variable(BETA_2))
    images = tf.random.uniform((arguments.batch, arguments.image_size, arguments.image_size, 3))
    labels = tf.random.uniform((arguments.batch,), maxval=CLASSES, dtype=tf.int32)

    @tf.function(jit_compile=False)
    def train() -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model.logits(images))
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, variables)
        for variable, (mean, square), gradient in zip(variables, moments, gradients):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=powers[0],
                beta2_power=powers[1],
                lr=LEARNING_RATE,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=gradient,
            )
        powers[0].assign(powers[0] * BETA_1)
        powers[1].assign(powers[1] * BETA_2)
        return loss

    measure_steps(lambda: train().numpy(), arguments, f"TensorFlow {tf.__version__}")


if __name__ == "__main__":
    main()
