"""Writes the golden files of ResNets: what torchvision computes on weights and images made by formula.

    python3 -m venv VENV
    VENV/bin/pip install -r test/golden/requirements-torch.txt
    VENV/bin/python test/golden/make_torch_golden.py

Inputs are the formula's (golden_formula.py); files hold outputs only. PyTorch computes in float64, so that the files do
not depend on the processor. README.md beside this file lists the files and what compares with them. Nothing here uses
Espalier.
"""

import json
import platform
import re
from pathlib import Path

import numpy as np
import torch
import torchvision

from golden_formula import fingerprint, formula_images, labels, weight
from torch_resnet import BLOCKS, ScaledResNet

FOLDER = Path(__file__).parent
SIZE, CLASSES = 64, 7
EVALUATION_IMAGES = TRAINING_IMAGES = 6
SAMPLES = 8
# 1 is the published width. In narrow networks fewer ReLUs are near zero, so their gradients are compared to more digits.
DIVISORS = {"RESNET18": 1, "RESNET34": 16, "RESNET50": 16}

ROLES = {"weight": "kernel", "bias": "bias"}
NORMALIZATION_ROLES = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def variable_name(name):
    """Keras's name of a tensor in torchvision's state dictionary; None for a counter."""
    module, role = name.rsplit(".", 1)
    if role == "num_batches_tracked":
        return None
    if module == "fc":
        return f"predictions/{ROLES[role]}"
    stage, block, layer = re.fullmatch(r"(?:layer(\d)\.(\d+)\.)?(.+)", module).groups()
    prefix = "conv1" if stage is None else f"conv{int(stage) + 1}_block{int(block) + 1}"
    if layer.startswith("downsample."):
        kind, position = ("conv", "bn")[int(layer[-1])], "0"
    else:
        kind, position = layer[:-1], layer[-1]
    middle = "" if stage is None else f"_{position}"
    roles = NORMALIZATION_ROLES if kind == "bn" else ROLES
    return f"{prefix}{middle}_{kind}/{roles[role]}"


def from_keras(tensor):
    """Axes as PyTorch has them: [h, w, in, out] -> [out, in, h, w], [in, out] -> [out, in]."""
    return tensor.transpose(3, 2, 0, 1) if tensor.ndim == 4 else tensor.transpose()


def to_keras(tensor):
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.transpose()


def resnet_weight(name, shape, last_position):
    """The formula's value, an eighth of it for the gamma of a block's last normalization.

    Blocks are then close to the identity. With the formula's own values the rounding of one layer grows from block to
    block, until float32 and float64 of the same program differ by a tenth in some gradients.
    """
    is_last = re.fullmatch(rf"conv\d_block\d_{last_position}_bn/gamma", name)
    return weight(name, shape) * np.float32(0.125 if is_last else 1)


def formula_network(architecture, divisor):
    last_position = 3 if architecture == "RESNET50" else 2
    model = ScaledResNet(architecture, divisor, CLASSES)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            variable = variable_name(name)
            if variable is None:
                continue
            shape = to_keras(tensor.numpy()).shape
            tensor.copy_(torch.from_numpy(from_keras(resnet_weight(variable, shape, last_position)).copy()))
    return model.double()


def images_of(name, count):
    scaled = formula_images(name, count, SIZE).astype(np.float64) / 255
    return torch.from_numpy(scaled.transpose(0, 3, 1, 2).copy())


def fingerprints(tensors, suffix=""):
    return {name: fingerprint(name + suffix, to_keras(tensor.numpy()), SAMPLES) for name, tensor in tensors.items()}


def describe(architecture, divisor):
    cross_entropy = torch.nn.CrossEntropyLoss()
    model = formula_network(architecture, divisor)
    with torch.no_grad():
        logits = model.eval()(images_of("evaluation", EVALUATION_IMAGES))
    targets = torch.from_numpy(labels("evaluation", EVALUATION_IMAGES, CLASSES)).long()
    evaluation = {"loss": float(cross_entropy(logits, targets)), "logits": logits.tolist()}

    targets = torch.from_numpy(labels("step 1", TRAINING_IMAGES, CLASSES)).long()
    logits = model.train()(images_of("step 1", TRAINING_IMAGES))
    loss = cross_entropy(logits, targets)
    loss.backward()
    gradients = {variable_name(name): parameter.grad for name, parameter in model.named_parameters()}
    statistics = {variable_name(name): buffer for name, buffer in model.named_buffers()
                  if not name.endswith("num_batches_tracked")}
    return {
        "network": {"architecture": architecture, "widthMultiplier": 1 / divisor, "imageSizePixels": SIZE,
                    "classCount": CLASSES},
        "trainableParameters": sum(parameter.numel() for parameter in model.parameters()),
        "evaluation": evaluation,
        "training": {"loss": float(loss.detach()), "logits": logits.tolist()},
        "gradients": fingerprints(gradients, "/gradient"),
        "movingStatisticsAfterStep1": fingerprints(statistics),
    }


def rounded(value):
    """Nine digits, which tell every float32 from every other."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [rounded(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, (float, np.floating)) else value


def write(file, content):
    made_by = {"script": "test/golden/make_torch_golden.py", "formula": "test/golden/golden_formula.py",
               "torch": torch.__version__, "torchvision": torchvision.__version__, "numpy": np.__version__,
               "python": platform.python_version(), "precision": "float64"}
    lines = [f" {json.dumps(key)}: {{\n" + ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(item, separators=(',', ':'))}" for name, item in value.items()) + "\n }"
        if isinstance(value, dict) else f" {json.dumps(key)}: {json.dumps(value)}"
        for key, value in rounded({"madeBy": made_by, **content}).items()]
    path = FOLDER / f"{file}.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    for architecture, divisor in DIVISORS.items():
        narrow = "" if divisor == 1 else "-narrow"
        write(f"{architecture.lower()}{narrow}", describe(architecture, divisor))
