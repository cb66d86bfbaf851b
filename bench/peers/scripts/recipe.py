"""The recipe that product and peers train, and the command line of the scripts that do."""

import argparse
import statistics

from measuring import print_result

# VGG13 with a quarter of the filters, batch normalization and a head of global average pooling.
FILTERS = (16, 32, 64, 128, 128)
CONVOLUTIONS_PER_BLOCK = 2
DROPOUT = 0.3
BATCH = 64
PEAK_LEARNING_RATE = 2e-3
WARM_UP = 0.1
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.1
VALIDATION = 0.2
ROTATION_DEGREES = 15
SHIFT = 0.1
ZOOM = 0.2
BRIGHTNESS = 0.2
# Of ImageNet, per channel, for values in [0, 1].
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def parse_arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", help="one folder of JPEG images per class")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--image-size", type=int, default=64, help="height and width, in pixels")
    parser.add_argument("--epochs", type=int, default=5)
    return parser.parse_args()


def print_epochs(arguments: argparse.Namespace, version: str, seconds: list[float], top1: list[float]) -> None:
    """Prints the result: training and validation of an epoch in seconds, and the best accuracy."""
    print_result(
        version=version,
        precision=arguments.precision,
        secondsPerEpoch=statistics.median(seconds),
        bestValidationTop1=max(top1),
    )
