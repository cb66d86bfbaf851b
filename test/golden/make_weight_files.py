"""Writes small networks with real Keras, PyTorch and torchvision in every format that is imported, and their logits.

    python make_weight_files.py FOLDER keras|torch|torchvision|hostile [SEED]

FOLDER gets the files and `keras.json`, `torch.json` or `torchvision.json`: for every file the network and its logits for
the formula's images, scaled to [0, 1]. `keras` and `torch` write VGG11s a 64th as wide as published, `torchvision`
ResNets a 32nd as wide, and `hostile` HDF5 files that must be refused. Networks see 64 pixels, so that the last feature
map is 2 x 2 and the order in which it is flattened matters. SEED (0) makes other weights.
"""

import json
import os
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
warnings.filterwarnings("ignore")

import numpy as np

from golden_formula import formula_images, uniforms

BLOCKS = [(1, 1), (1, 2), (2, 4), (2, 8), (2, 8)]  # convolutions, filters
SIZE, CLASSES, UNITS = 64, 5, 8
MAP = SIZE // 32
IMAGES = 3

folder, framework = sys.argv[1], sys.argv[2]
seed = sys.argv[3] if len(sys.argv) > 3 else "0"
images = formula_images("weights", IMAGES, SIZE)
described = {}


def values(name, shape, kind):
    """float32 [shape] that keep the activations of so narrow a network alive."""
    drawn = uniforms(f"{seed}/{name}", int(np.prod(shape))).reshape(shape)
    if kind == "kernel":
        return drawn * np.float32(np.sqrt(6 / (np.prod(shape) / min(shape[0], shape[-1]))))
    if kind == "variance":
        # Some below the epsilons, where a change of epsilon cannot go into the variance alone.
        return np.where(drawn < 0, np.float32(1e-4) * (drawn + 1), drawn + np.float32(0.5))
    return {"bias": 0.3, "gamma": 1.0, "beta": 0.5, "mean": 0.0, "plain variance": 1.0}[kind] + np.float32(0.25) * drawn


def describe(file, logits, **network):
    logits = np.asarray(logits, np.float32)
    # Images that a dead network cannot tell apart would prove nothing.
    assert np.ptp(logits, axis=0).min() > 1e-4, (file, logits)
    described[file] = {
        "architecture": "VGG11", "batchNormalization": False, "head": "FULLY_CONNECTED", **network, "logits": logits.tolist()}


def fill_torch(model, variance="variance"):
    """A PyTorch model whose tensors have values by their names, ready to classify."""
    import torch

    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            kind = {"running_mean": "mean", "running_var": variance}.get(name.rsplit(".", 1)[1])
            if name.endswith(".weight"):
                kind = "gamma" if tensor.dim() == 1 else "kernel"
            if name.endswith(".bias"):
                kind = "bias"
            if kind is not None:
                tensor.copy_(torch.from_numpy(values(f"torch/{name}", tuple(tensor.shape), kind).copy()))
    return model.eval()


def record_torch(file, model, **network):
    import torch

    nchw = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    with torch.no_grad():
        describe(file, model.float()(nchw).numpy(), **network)


def write_keras():
    import h5py
    import keras
    from keras import layers
    from keras.src.legacy.saving import legacy_h5_format

    def backbone(names, normalized=False, bias=True, epsilon=1e-3, **normalization):
        for block, (convolutions, filters) in enumerate(BLOCKS, 1):
            for position in range(1, convolutions + 1):
                name = {"name": f"block{block}_conv{position}"} if names else {}
                activation = None if normalized else "relu"
                yield layers.Conv2D(filters, 3, padding="same", activation=activation, use_bias=bias, **name)
                if normalized:
                    yield layers.BatchNormalization(epsilon=epsilon, **normalization)
                    yield layers.ReLU()
            yield layers.MaxPooling2D(**({"name": f"block{block}_pool"} if names else {}))

    def head(names):
        yield layers.Flatten(**({"name": "flatten"} if names else {}))
        for name in ["fc1", "fc2"]:
            yield layers.Dense(UNITS, activation="relu", **({"name": name} if names else {}))
            yield layers.Dropout(0.5)
        yield layers.Dense(CLASSES, **({"name": "predictions"} if names else {}))

    def build(*parts):
        inputs = output = keras.Input((SIZE, SIZE, 3))
        for part in parts:
            for layer in part if not isinstance(part, keras.Layer) else [part]:
                output = layer(output)
        return keras.Model(inputs, output)

    def fill(model):
        kinds = {"kernel": "kernel", "bias": "bias", "gamma": "gamma", "beta": "beta",
                 "moving_mean": "mean", "moving_variance": "variance"}
        for index, variable in enumerate(model.weights):
            if variable.name in kinds:
                variable.assign(values(f"keras{index}", variable.shape, kinds[variable.name]))
        return model

    def record(file, model, **network):
        describe(file, model(images.astype(np.float32) / 255, training=False), **network)

    def path(file):
        return os.path.join(folder, file)

    def save_legacy(model, file):
        with h5py.File(path(file), "w") as h5:
            legacy_h5_format.save_weights_to_hdf5_group(h5, model)

    plain = fill(build(backbone(names=True), head(names=True)))
    save_legacy(plain, "vgg11.legacy.h5")
    record("vgg11.legacy.h5", plain)
    plain.save(path("vgg11.model.h5"))
    record("vgg11.model.h5", plain)

    def save_as_in_2016(model, file):
        """The layout of vgg19_weights_tf_dim_ordering_tf_kernels(_notop).h5: names of one length, W and b."""
        with h5py.File(path(file), "w") as h5:
            h5.attrs["layer_names"] = np.array([layer.name.encode() for layer in model.layers])
            for layer in model.layers:
                group = h5.create_group(layer.name)
                names = [f"{layer.name}_{kind}_1:0" for kind in "Wb"] if layer.weights else []
                group.attrs["weight_names"] = np.array([name.encode() for name in names])
                for name, variable in zip(names, layer.weights):
                    group.create_dataset(name, data=variable.numpy())

    save_as_in_2016(plain, "vgg11.2016.h5")
    record("vgg11.2016.h5", plain)
    # The same convolutions, for a head of another's own.
    save_as_in_2016(keras.Model(plain.input, plain.get_layer("block5_pool").output), "vgg11-notop.2016.h5")

    biased = fill(build(backbone(names=False, normalized=True), head(names=False)))
    biased.save_weights(path("vgg11-bn.weights.h5"))
    record("vgg11-bn.weights.h5", biased, batchNormalization=True)

    averaging = [layers.GlobalAveragePooling2D(), layers.Dense(CLASSES)]
    pooled = fill(build(backbone(names=False, normalized=True, bias=False, epsilon=1e-5), averaging))
    pooled.save(path("vgg11-bn-pooled.keras"))
    record("vgg11-bn-pooled.keras", pooled, batchNormalization=True, head="GLOBAL_AVERAGE_POOLING")

    # Keras's guide to transfer learning: a model as the first layer of another.
    nested = fill(build(build(backbone(names=True)), head(names=False)))
    nested.save_weights(path("vgg11-nested.weights.h5"))
    record("vgg11-nested.weights.h5", nested)
    save_legacy(nested, "vgg11-nested.legacy.h5")
    record("vgg11-nested.legacy.h5", nested)

    # An epsilon that only the first of two files states.
    pooling = [layers.GlobalAveragePooling2D(), layers.Dense(CLASSES)]
    tuned = fill(build(backbone(names=False, normalized=True, bias=False, epsilon=1e-2), pooling))
    tuned.save(path("vgg11-bn-pooled-epsilon.model.h5"))
    tuned.save_weights(path("vgg11-bn-pooled-epsilon.weights.h5"))
    record("vgg11-bn-pooled-epsilon.model.h5", tuned, batchNormalization=True, head="GLOBAL_AVERAGE_POOLING")
    record("vgg11-bn-pooled-epsilon.weights.h5", tuned, batchNormalization=True, head="GLOBAL_AVERAGE_POOLING",
           epsilon=1e-2)

    # Normalizations without a gamma.
    pooling = [layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, activation="softmax")]
    unscaled = fill(build(backbone(names=False, normalized=True, scale=False), pooling))
    unscaled.save(path("vgg11-bn-pooled-unscaled.keras"))
    unscaled.layers[-1].activation = keras.activations.linear
    record("vgg11-bn-pooled-unscaled.keras", unscaled, batchNormalization=True, head="GLOBAL_AVERAGE_POOLING")


def write_torch():
    import torch
    from safetensors.torch import save_file
    from torch import nn

    def features(normalized):
        inputs, modules = 3, []
        for convolutions, filters in BLOCKS:
            for _ in range(convolutions):
                modules.append(nn.Conv2d(inputs, filters, 3, padding=1))
                modules.extend([nn.BatchNorm2d(filters)] if normalized else [])
                modules.append(nn.ReLU())
                inputs = filters
            modules.append(nn.MaxPool2d(2))
        return nn.Sequential(*modules)

    class Torchvision(nn.Module):
        """The modules and names of torchvision.models.VGG."""

        def __init__(self, normalized=False):
            super().__init__()
            self.features = features(normalized)
            self.classifier = nn.Sequential(
                nn.Linear(BLOCKS[-1][1] * MAP * MAP, UNITS), nn.ReLU(), nn.Dropout(),
                nn.Linear(UNITS, UNITS), nn.ReLU(), nn.Dropout(), nn.Linear(UNITS, CLASSES))

        def forward(self, x):
            return self.classifier(torch.flatten(self.features(x), 1))

    class Timm(nn.Module):
        """The modules and names of timm.models.vgg.VGG, whose hidden layers are convolutions."""

        def __init__(self, normalized=False):
            super().__init__()
            self.features = features(normalized)
            self.pre_logits = nn.Module()
            self.pre_logits.fc1 = nn.Conv2d(BLOCKS[-1][1], UNITS, MAP)
            self.pre_logits.fc2 = nn.Conv2d(UNITS, UNITS, 1)
            self.head = nn.Module()
            self.head.fc = nn.Linear(UNITS, CLASSES)

        def forward(self, x):
            x = torch.relu(self.pre_logits.fc1(self.features(x)))
            return self.head.fc(torch.flatten(torch.relu(self.pre_logits.fc2(x)), 1))

    fill, record = fill_torch, record_torch

    def path(file):
        return os.path.join(folder, file)

    plain = fill(Torchvision())
    torch.save(plain.state_dict(), path("vgg11.pth"))
    record("vgg11.pth", plain)
    torch.save(plain.state_dict(), path("vgg11.legacy.pth"), _use_new_zipfile_serialization=False)
    record("vgg11.legacy.pth", plain)

    # As a training script keeps it: several things in one file, from a model on several GPUs.
    normalized = fill(Torchvision(normalized=True))
    parallel = {f"module.{name}": tensor for name, tensor in normalized.state_dict().items()}
    torch.save({"epoch": 3, "loss": 0.5, "state_dict": parallel}, path("vgg11-bn.pth"))
    record("vgg11-bn.pth", normalized, batchNormalization=True)

    strided = fill(Torchvision()).half().to(memory_format=torch.channels_last)
    torch.save(strided.state_dict(), path("vgg11.channels-last.pth"))
    record("vgg11.channels-last.pth", strided)

    timm = fill(Timm())
    save_file(timm.state_dict(), path("vgg11-timm.safetensors"))
    record("vgg11-timm.safetensors", timm)

    halved = fill(Timm(normalized=True)).bfloat16()
    save_file(halved.state_dict(), path("vgg11-timm-bn.bfloat16.safetensors"))
    record("vgg11-timm-bn.bfloat16.safetensors", halved, batchNormalization=True)


def write_torchvision():
    """torchvision's own ResNets; those of timm have the same modules and names."""
    import torch
    from safetensors.torch import save_file

    from torch_resnet import ScaledResNet

    for architecture, file in [
        ("RESNET18", "resnet18.pth"), ("RESNET34", "resnet34.safetensors"), ("RESNET50", "resnet50.legacy.pth")]:
        model = fill_torch(ScaledResNet(architecture, 32, CLASSES), variance="plain variance")
        target = os.path.join(folder, file)
        if file.endswith(".safetensors"):
            save_file(model.state_dict(), target)
        else:
            torch.save(model.state_dict(), target, _use_new_zipfile_serialization="legacy" not in file)
        record_torch(file, model, architecture=architecture, batchNormalization=True, head="GLOBAL_AVERAGE_POOLING")


def write_hostile():
    import h5py

    kernel = np.ones((3, 3, 3, 1), np.float32)

    def write(file, add):
        with h5py.File(os.path.join(folder, file), "w") as h5:
            h5.attrs["layer_names"] = np.array([b"block1_conv1"])
            group = h5.create_group("block1_conv1")
            group.attrs["weight_names"] = np.array([b"kernel"])
            add(group)

    # The values would be those of any file that the server can read.
    write("external-data.h5", lambda group: group.create_dataset(
        "kernel", kernel.shape, "f4", external=[("/etc/hostname", 0, kernel.nbytes)]))
    write("external-link.h5", lambda group: group.__setitem__(
        "kernel", h5py.ExternalLink("/etc/hostname", "kernel")))
    # A few bytes that unpack to gigabytes.
    write("packed.h5", lambda group: group.create_dataset("kernel", data=kernel, compression="gzip"))
    write("endless.h5", lambda group: group.__setitem__("group", group))


{"keras": write_keras, "torch": write_torch, "torchvision": write_torchvision, "hostile": write_hostile}[framework]()
if described:
    made_by = {"script": "test/golden/make_weight_files.py", "formula": "test/golden/golden_formula.py",
               framework: sys.modules[framework].__version__, "numpy": np.__version__}
    with open(os.path.join(folder, f"{framework}.json"), "w") as output:
        json.dump({"madeBy": made_by, "files": described}, output, indent=1)
        output.write("\n")
