"""Weights, pictures and labels from a formula, so that golden files hold outputs only.

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


def pictures(name, count, size):
    """uint8 [count, size, size, 3]: an 8 x 8 board of random colours under a quarter of noise.

    The board makes pictures differ for a network with pooling; noise alone looks the same everywhere.
    """
    board = (hashes(name + "/board", count * 8 * 8 * 3) >> np.uint32(24)).reshape(count, 8, 8, 3)
    noise = (hashes(name + "/noise", count * size * size * 3) >> np.uint32(24)).reshape(count, size, size, 3)
    cells = board.repeat(size // 8, axis=1).repeat(size // 8, axis=2)
    return ((3 * cells + noise) >> np.uint32(2)).astype(np.uint8)


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
