"""Writes the golden files: what Keras and TensorFlow compute on weights and images made by formula.

    python3 -m venv VENV
    VENV/bin/pip install -r test/golden/requirements.txt
    VENV/bin/python test/golden/make_keras_golden.py            # all of them, about half a minute
    VENV/bin/python test/golden/make_keras_golden.py small      # or: formula, vgg19, schedules, settings

Inputs are the formula's (golden_formula.py); files hold outputs only. README.md beside this file lists
the files and what compares with them. Nothing here uses Espalier.
"""

import json
import math
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from golden_formula import black_and_white, exact_weight, fingerprint, formula_images, labels, weight

FOLDER = Path(__file__).parent
SCALE_0_1 = np.float32(255)

# Filters and convolutions of each block: Simonyan and Zisserman, arXiv:1409.1556, table 1, column A.
VGG11_BLOCKS = [(1, 64), (1, 128), (2, 256), (2, 512), (2, 512)]
WIDTH_MULTIPLIER = 1 / 16
SMALL_SIZE = 32
HIDDEN_UNITS = 24
SMALL_NETWORKS = {
    "vgg11-fully-connected": {"head": "FULLY_CONNECTED", "batchNormalization": False, "classCount": 7},
    "vgg11-fully-connected-bn": {"head": "FULLY_CONNECTED", "batchNormalization": True, "classCount": 7},
    # Three classes: top-5 has to become top-3.
    "vgg11-average-pooling": {"head": "GLOBAL_AVERAGE_POOLING", "batchNormalization": False, "classCount": 3},
    "vgg11-average-pooling-bn": {"head": "GLOBAL_AVERAGE_POOLING", "batchNormalization": True, "classCount": 7},
}
OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7),
    "sgd-momentum": lambda: keras.optimizers.SGD(learning_rate=1e-2, momentum=0.9),
    "sgd-nesterov": lambda: keras.optimizers.SGD(learning_rate=1e-2, momentum=0.9, nesterov=True),
}
# What a run can set besides: one network each, and what is told of it to both sides.
TRAINING_SETTINGS = {
    "adamw-decay": {"network": "vgg11-fully-connected-bn", "weightDecay": 0.1},
    "sgd-l2": {"network": "vgg11-fully-connected", "weightDecay": 0.01},
    "clipped": {"network": "vgg11-fully-connected", "gradientClipNorm": 0.25},
    "smoothed": {"network": "vgg11-fully-connected", "labelSmoothing": 0.1},
    "weighted": {"network": "vgg11-fully-connected", "classWeights": [0.5, 1, 2, 4, 0.25, 1, 3]},
}
STEPS = 3
EVALUATION_IMAGES = 12
TRAINING_IMAGES = 8
SMALL_SAMPLES = 8
VGG19_SAMPLES = 32


# ------------------------------------------------------------------------------------------- networks


def small_network(head, batchNormalization, classCount):
    """VGG11 at a sixteenth of its width, with Keras's names: convolution, ReLU, with batch normalization
    between them and no bias where asked; dropout off."""
    layers = keras.layers
    x = inputs = keras.Input((SMALL_SIZE, SMALL_SIZE, 3))
    for block, (convolutions, filters) in enumerate(VGG11_BLOCKS, 1):
        for convolution in range(1, convolutions + 1):
            name = f"block{block}_conv{convolution}"
            x = layers.Conv2D(int(filters * WIDTH_MULTIPLIER), 3, padding="same", name=name,
                              use_bias=not batchNormalization,
                              activation=None if batchNormalization else "relu")(x)
            if batchNormalization:
                x = layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name=f"block{block}_bn{convolution}")(x)
                x = layers.ReLU(name=f"block{block}_relu{convolution}")(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    if head == "FULLY_CONNECTED":
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(HIDDEN_UNITS, activation="relu", name="fc1")(x)
        x = layers.Dense(HIDDEN_UNITS, activation="relu", name="fc2")(x)
    else:
        x = layers.GlobalAveragePooling2D(name="global_average_pooling")(x)
    return keras.Model(inputs, layers.Dense(classCount, name="predictions")(x))


def name_of(layer, variable):
    return f"{layer.name}/{variable.name}"


def variables_of(model, trainable_only=False):
    """(name, variable) in Keras's order, layer by layer."""
    return [(name_of(layer, variable), variable) for layer in model.layers
            for variable in (layer.trainable_weights if trainable_only else layer.weights)]


def assign_formula(model):
    for name, variable in variables_of(model):
        variable.assign(weight(name, variable.shape))


def layer_table(model):
    """[name, output shape without the batch, parameters] of every layer."""
    return [[layer.name, list(layer.output.shape[1:]), layer.count_params()] for layer in model.layers]


def scaled(images):
    return images.astype(np.float32) / SCALE_0_1


# ------------------------------------------------------------------------------------- what is computed


def in_top_k(targets, logits, k):
    return int(tf.reduce_sum(tf.cast(tf.math.in_top_k(targets, logits, min(k, logits.shape[1])), tf.int32)))


def losses_of(logits, targets):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)


def summary(logits, targets):
    """What the metrics of one batch should be."""
    losses = losses_of(logits, targets)
    return {"lossMean": number(tf.reduce_mean(losses)), "lossSum": number(tf.reduce_sum(losses)),
            "top1": in_top_k(targets, logits, 1), "top5": in_top_k(targets, logits, 5)}


def forward(model, images):
    """Inference-mode logits and the fingerprint of every layer's output."""
    probe = keras.Model(model.inputs[0], [layer.output for layer in model.layers[1:]])
    outputs = probe(scaled(images), training=False)
    activations = {layer.name: fingerprint(layer.name + "/activation", output, SMALL_SAMPLES)
                   for layer, output in zip(model.layers[1:], outputs)}
    return outputs[-1], activations


def gradients(model, images, targets, loss_of=lambda logits, targets: tf.reduce_mean(losses_of(logits, targets))):
    """Training-mode logits, and the gradient of the mean loss with respect to every trainable variable."""
    named = variables_of(model, trainable_only=True)
    with tf.GradientTape() as tape:
        logits = model(scaled(images), training=True)
        loss = loss_of(logits, targets)
    found = tape.gradient(loss, [variable.value for _, variable in named])
    return logits, {name: gradient for (name, _), gradient in zip(named, found)}


def settings_loss(labelSmoothing=0.0, classWeights=None):
    """The loss that Keras's fit minimises, label smoothing and class_weight included."""
    keras_loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=labelSmoothing)

    def loss_of(logits, targets):
        weights = None if classWeights is None else tf.gather(tf.constant(classWeights, tf.float32), targets)
        return keras_loss(tf.one_hot(targets, logits.shape[1]), logits, sample_weight=weights)

    return loss_of


def settings_optimizer(name, weightDecay=0.0, gradientClipNorm=None):
    if name != "adamw-decay":
        return keras.optimizers.SGD(learning_rate=1e-2, momentum=0.9, global_clipnorm=gradientClipNorm)
    optimizer = keras.optimizers.AdamW(learning_rate=1e-3, weight_decay=weightDecay, epsilon=1e-7)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def settings_steps(name, network, weightDecay=0.0, gradientClipNorm=None, **loss_settings):
    """The losses and weights of STEPS steps."""
    settings = SMALL_NETWORKS[network]
    model = small_network(**settings)
    assign_formula(model)
    optimizer = settings_optimizer(name, weightDecay, gradientClipNorm)
    named = variables_of(model, trainable_only=True)
    optimizer.build([variable for _, variable in named])
    loss_of = settings_loss(**loss_settings)
    taken = []
    for step in range(1, STEPS + 1):
        images = formula_images(f"step {step}", TRAINING_IMAGES, SMALL_SIZE)
        targets = labels(f"step {step}", TRAINING_IMAGES, settings["classCount"])
        logits, found = gradients(model, images, targets, loss_of)
        loss = loss_of(logits, targets)
        if name == "sgd-l2":
            # As PyTorch's weight_decay, on kernels alone.
            found = {key: gradient + weightDecay * variable if key.endswith("/kernel") else gradient
                     for (key, variable), gradient in zip(named, found.values())}
        optimizer.apply([found[key] for key, _ in named], [variable for _, variable in named])
        taken.append({"loss": number(loss), "variables": {
            key: fingerprint(key, variable, SMALL_SAMPLES) for key, variable in variables_of(model)}})
    return taken


def steps_of(model, make_optimizer, classes):
    """Trains STEPS steps from the formula's weights; every variable's fingerprint after each."""
    assign_formula(model)
    optimizer = make_optimizer()
    named = variables_of(model, trainable_only=True)
    optimizer.build([variable for _, variable in named])
    taken = []
    for step in range(1, STEPS + 1):
        batch = f"step {step}"
        images = formula_images(batch, TRAINING_IMAGES, SMALL_SIZE)
        targets = labels(batch, TRAINING_IMAGES, classes)
        logits, found = gradients(model, images, targets)
        optimizer.apply([found[name] for name, _ in named], [variable for _, variable in named])
        variables = {name: fingerprint(name, variable, SMALL_SAMPLES) for name, variable in variables_of(model)}
        taken.append({**summary(logits, targets), "variables": variables})
    return taken


# ---------------------------------------------------------------------------------------- golden files


def make_small():
    for file, settings in SMALL_NETWORKS.items():
        model = small_network(**settings)
        classes = settings["classCount"]
        assign_formula(model)
        images = formula_images("evaluation", EVALUATION_IMAGES, SMALL_SIZE)
        targets = labels("evaluation", EVALUATION_IMAGES, classes)
        logits, activations = forward(model, images)
        evaluation = {**summary(logits, targets), "logits": logits, "probabilities": tf.nn.softmax(logits)}

        images = formula_images("step 1", TRAINING_IMAGES, SMALL_SIZE)
        targets = labels("step 1", TRAINING_IMAGES, classes)
        training_logits, found = gradients(model, images, targets)
        moving = {name: np.array(variable) for name, variable in variables_of(model) if "/moving_" in name}
        training = {**summary(training_logits, targets), "logits": training_logits}

        # Whole gradients, one variable after the other, as little-endian float32.
        np.concatenate([np.asarray(gradient).reshape(-1) for gradient in found.values()]).astype("<f4").tofile(
            FOLDER / f"{file}.gradients.f32")
        write(file, {
            "network": {"architecture": "VGG11", "widthMultiplier": WIDTH_MULTIPLIER,
                        "imageSizePixels": SMALL_SIZE, "hiddenUnits": HIDDEN_UNITS, **settings},
            "parameterCount": model.count_params(), "layers": layer_table(model),
            "activations": activations,
            "evaluation": evaluation, "training": training,
            "gradients": {name: list(gradient.shape) for name, gradient in found.items()},
            "movingStatisticsAfterStep1": moving,
            "steps": {name: steps_of(model, make, classes) for name, make in OPTIMIZERS.items()},
        })


def make_vgg19():
    """Outputs on the formula's weights; activations and gradients where every sum is exact (exact_weight)."""
    model = keras.applications.VGG19(weights=None, classifier_activation=None)
    images, targets = formula_images("vgg19", 2, 224), labels("vgg19", 2, 1000)
    assign_formula(model)
    logits = model(scaled(images), training=False)

    for name, variable in variables_of(model):
        variable.assign(exact_weight(name, variable.shape))
    exact_logits, activations = forward(model, black_and_white(images))
    _, found = gradients(model, black_and_white(images), targets)
    write("vgg19-224", {
        "parameterCount": model.count_params(), "layers": layer_table(model),
        "evaluation": {**summary(logits, targets), "logits": logits, "probabilities": tf.nn.softmax(logits)},
        "exact": {**summary(exact_logits, targets), "logits": exact_logits},
        "activations": activations,
        "gradients": {name: fingerprint(name + "/gradient", gradient, VGG19_SAMPLES)
                      for name, gradient in found.items()},
    })


def make_schedules():
    """Learning rates of every step, and a few after the last, by keras CosineDecay.

    Warm-up goes from `initial` / warmupSteps to `initial`, which its last step uses: CosineDecay(initial / warmupSteps,
    warmup_target=initial, warmup_steps=warmupSteps - 1). Decay takes the steps that are left, and its first step uses
    `initial` again. A constant rate is a decay to all of itself: alpha = 1.
    """
    def warmed(initial, warmup, decay):
        rising = keras.optimizers.schedules.CosineDecay(
            initial / max(warmup, 1), 1, warmup_target=initial, warmup_steps=max(warmup - 1, 0))
        return lambda step: rising(step) if step < warmup else decay(step - warmup)

    steps_per_epoch, epochs = 4, 5
    cases = [
        {"kind": "constant", "initial": 0.001, "warmupEpochs": 0},
        {"kind": "constant", "initial": 0.01, "warmupEpochs": 2},
        {"kind": "cosine", "initial": 0.001, "minimum": 0, "warmupEpochs": 0},
        {"kind": "cosine", "initial": 0.002, "minimum": 0.00002, "warmupEpochs": 0},
        {"kind": "cosine", "initial": 0.01, "minimum": 0, "warmupEpochs": 1},
        {"kind": "cosine", "initial": 0.05, "minimum": 0.001, "warmupEpochs": 1.5},
    ]
    rates = []
    # Decays by epochs; the warm-up comes before, and is not counted.
    decays = [
        {"kind": "exponentialDecay", "initial": 0.01, "decayEpochs": 1, "decayRate": 0.5, "staircase": False,
         "warmupEpochs": 0},
        {"kind": "exponentialDecay", "initial": 0.01, "decayEpochs": 0.75, "decayRate": 0.9, "staircase": False,
         "warmupEpochs": 1.5},
        {"kind": "exponentialDecay", "initial": 0.02, "decayEpochs": 1.5, "decayRate": 0.3, "staircase": True,
         "warmupEpochs": 1},
        {"kind": "step", "initial": 0.1, "decayEpochs": 2, "decayRate": 0.1, "staircase": True, "warmupEpochs": 0},
        {"kind": "step", "initial": 0.1, "decayEpochs": 1, "decayRate": 0.5, "staircase": True, "warmupEpochs": 2},
    ]
    for case in decays:
        warmup = int(case["warmupEpochs"] * steps_per_epoch)
        schedule = keras.optimizers.schedules.ExponentialDecay(
            case["initial"], case["decayEpochs"] * steps_per_epoch, case["decayRate"], staircase=case["staircase"])
        schedule = warmed(case["initial"], warmup, schedule)
        rates.append({"learningRate": case, "rates": [
            number(schedule(step)) for step in range(steps_per_epoch * epochs + 3)]})
    for case in cases:
        total, warmup = steps_per_epoch * epochs, int(case["warmupEpochs"] * steps_per_epoch)
        alpha = 1.0 if case["kind"] == "constant" else case["minimum"] / case["initial"]
        schedule = keras.optimizers.schedules.CosineDecay(case["initial"], total - warmup, alpha=alpha)
        schedule = warmed(case["initial"], warmup, schedule)
        rates.append({"learningRate": case, "rates": [number(schedule(step)) for step in range(total + 3)]})
    write("learning-rates", {"epochs": epochs, "stepsPerEpoch": steps_per_epoch, "cases": rates})


def make_settings():
    write("training-settings", {name: {"settings": {key: value for key, value in settings.items() if key != "network"},
                                       "network": settings["network"], "steps": settings_steps(name, **settings)}
                                for name, settings in TRAINING_SETTINGS.items()})


# --------------------------------------------------------------------------------------------- writing


def number(value):
    """The shortest decimal that reads back as the same float32 (or float64)."""
    if isinstance(value, (bool, int)):
        return value
    if not isinstance(value, float):
        value = np.asarray(value).reshape(())[()]
        return int(value) if np.issubdtype(value.dtype, np.integer) else float(str(value))
    return float(f"{value:.9g}")


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) or getattr(value, "shape", ()) != ():
        return [plain(item) for item in (value if isinstance(value, (list, tuple)) else np.asarray(value))]
    return number(value)


def lines(value, indent="", depth=2):
    """JSON with the two outer levels spread over lines and the rest on one, so that differences read well."""
    if depth == 0 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, separators=(",", ":"))
    inner = indent + " "
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {lines(item, inner, depth - 1)}" for key, item in value.items()]
    else:
        items = [inner + lines(item, inner, depth - 1) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(items) + f"\n{indent}{closing}"


def write(file, content):
    made_by = {
        "script": "test/golden/make_keras_golden.py", "formula": "test/golden/golden_formula.py",
        "tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__,
        "python": platform.python_version(), "precision": "float32",
    }
    path = FOLDER / f"{file}.json"
    path.write_text(lines(plain({"madeBy": made_by, **content})) + "\n")
    print(path.name, path.stat().st_size, "bytes")


def make_formula():
    """The formula's own values, so that the TypeScript formula is known to be the same one."""
    kernel, gamma = weight("block1_conv1/kernel", (3, 3, 3, 4)), weight("block1_bn1/gamma", (5,))
    classifier = weight("predictions/kernel", (24, 7))
    exact = exact_weight("block1_conv2/kernel", (3, 3, 4, 5))
    images = formula_images("formula", 2, 16)
    write("formula", {
        "kernel": kernel.reshape(-1), "gamma": gamma, "classifier": classifier.reshape(-1),
        "exactKernel": exact.reshape(-1), "exactBias": exact_weight("block1_conv2/bias", (9,)),
        "exactClassifier": exact_weight("predictions/kernel", (6, 3)).reshape(-1),
        "blackAndWhite": black_and_white(images).reshape(-1)[:24],
        "pictures": images.reshape(-1)[:48], "pictureSum": int(images.sum(dtype=np.int64)),
        "labels": labels("formula", 10, 7),
        "fingerprint": fingerprint("formula", kernel, 4),
    })


MAKERS = {"formula": make_formula, "small": make_small, "vgg19": make_vgg19, "schedules": make_schedules,
          "settings": make_settings}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or MAKERS:
        MAKERS[chosen]()
