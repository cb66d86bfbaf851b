"""Weights, images and labels from a formula, so that golden files hold outputs only.

`test/engine/golden/golden-formula.ts` is the same formula; both must give the same bits.

Every number comes from a 32-bit hash of (name, position):

    seed(name)   = FNV-1a, 32 bits, of the name's UTF-8 bytes
    hash(name,i) = mix(seed(name) + i * 0x9E3779B9)                    modulo 2^32
    mix(x)       : x ^= x >> 16; x *= 0x7FEB352D; x ^= x >> 15; x *= 0x846CA68B; x ^= x >> 16
    uniform(name,i) = ((hash >> 8) - 2^23) / 2^23                      in [-1, 1), exact in float32

`mix` is "lowbias32" (Chris Wellons, "Prospecting for Hash Functions", 2018).
"""

import math

import numpy as np


def _seed(name):
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def hashes(name, count, start=0):
    """uint32 [count]: the hashes of positions start, start + 1, … under a name."""
    with np.errstate(over="ignore"):
        x = np.arange(start, start + count, dtype=np.uint32)
        x *= np.uint32(0x9E3779B9)
        x += np.uint32(_seed(name))
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x7FEB352D)
        x ^= x >> np.uint32(15)
        x *= np.uint32(0x846CA68B)
        x ^= x >> np.uint32(16)
    return x


def uniforms(name, count, start=0):
    """float32 [count] in [-1, 1), multiples of 2^-23."""
    fraction = (hashes(name, count, start) >> np.uint32(8)).astype(np.int32) - np.int32(1 << 23)
    return fraction.astype(np.float32) * np.float32(2.0**-23)


def weight(name, shape):
    """float32 [shape]: the value of the variable `layer/kind` (kernel, bias, gamma, …).

    value = offset + limit * uniform, each operation rounded to float32. Kernels use He's limit
    sqrt(6 / fan in), the classifier's Glorot's sqrt(6 / (fan in + fan out)), so that activations keep
    their size through the layers and the softmax does not saturate.
    """
    layer, kind = name.rsplit("/", 1)
    fan_in, fan_out = math.prod(shape[:-1]), shape[-1]
    offset, limit = {
        "kernel": (0.0, math.sqrt(6 / (fan_in + fan_out if layer == "predictions" else fan_in))),
        "bias": (0.0, 0.1),
        "beta": (0.0, 0.1),
        "gamma": (1.0, 0.5),
        "moving_mean": (0.0, 0.1),
        "moving_variance": (1.0, 0.5),
    }[kind]
    values = uniforms(name, math.prod(shape)) * np.float32(limit)
    if offset != 0.0:
        values += np.float32(offset)
    return values.reshape(shape)


def exact_weight(name, shape):
    """float32 [shape]: small whole numbers, so few of them not zero that a network's sums stay exact.

    A kernel has, for each output, four entries of +1 or -1 at random inputs (random ones may meet and
    add up); a bias is -1, 0 or 1. On black and white images every sum of VGG19 is then a whole number
    below 2^24, which float32 holds exactly in whatever order it is added up. The classifier's kernel is
    divided by 2^10, as exactly, so that the softmax does not saturate.

    Why: rounding decides on which side of zero a few in a million units fall, and which pixel of a
    pooling is the greatest. For an output that hardly matters; a gradient differs by the square root of
    the rounding, 0.3 % in VGG19, even between float32 and float64 of the same program. Exact sums leave
    nothing to decide, so gradients can be compared to the last digits on any machine.
    """
    layer, kind = name.rsplit("/", 1)
    if kind == "bias":
        return (hashes(name, shape[0]) % np.uint32(3)).astype(np.float32) - np.float32(1)
    fan_in, fan_out = math.prod(shape[:-1]), shape[-1]
    found = hashes(name, EXACT_TAPS * fan_out)
    inputs = found % np.uint32(fan_in)
    signs = 1 - 2 * (found >> np.uint32(31)).astype(np.float32)
    kernel = np.zeros((fan_in, fan_out), np.float32)
    np.add.at(kernel, (inputs, np.arange(EXACT_TAPS * fan_out) // EXACT_TAPS), signs)
    if layer == "predictions":
        kernel *= np.float32(2.0**-10)
    return kernel.reshape(shape)


EXACT_TAPS = 4


def formula_images(name, count, size):
    """uint8 [count, size, size, 3]: an 8 x 8 board of random colors under a quarter of noise.

    The board makes images differ for a network with pooling; noise alone looks the same everywhere.
    """
    board = (hashes(name + "/board", count * 8 * 8 * 3) >> np.uint32(24)).reshape(count, 8, 8, 3)
    noise = (hashes(name + "/noise", count * size * size * 3) >> np.uint32(24)).reshape(count, size, size, 3)
    cells = board.repeat(size // 8, axis=1).repeat(size // 8, axis=2)
    return ((3 * cells + noise) >> np.uint32(2)).astype(np.uint8)


def black_and_white(images):
    """0 or 255 for every color of every pixel: exactly 0 or 1 when scaled, by division or by 1/255."""
    return np.where(images < 128, np.uint8(0), np.uint8(255))


def labels(name, count, classes):
    """int32 [count] in [0, classes)."""
    return (hashes(name + "/labels", count) % np.uint32(classes)).astype(np.int32)


def fingerprint(name, tensor, samples):
    """What a golden file keeps of a large tensor, computed in float64.

    norm        Euclidean norm
    projection  sum of tensor[i] * uniform(name + "/projection", i): an error anywhere changes it
    maximum     greatest absolute value
    samples     tensor[hash(name + "/samples", j) % size] for j in [0, samples)
    """
    flat = np.asarray(tensor).reshape(-1)
    norm_squared = projection = 0.0
    chunk = 1 << 22  # keeps the float64 copies of a kernel with 10^8 entries small
    for start in range(0, flat.size, chunk):
        part = flat[start : start + chunk].astype(np.float64)
        norm_squared += float(part @ part)
        projection += float(part @ uniforms(name + "/projection", part.size, start).astype(np.float64))
    indices = hashes(name + "/samples", samples) % np.uint32(flat.size)
    return {
        "norm": math.sqrt(norm_squared),
        "projection": projection,
        "maximum": float(np.abs(flat).max()),
        "samples": flat[indices],
    }
