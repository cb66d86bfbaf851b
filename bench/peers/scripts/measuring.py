"""Command line, timing and output of the peers that train on one batch of noise."""

import argparse
import json
import resource
import statistics
import time

CLASSES = 1000
LEARNING_RATE = 1e-4


def parse_arguments(description: str, models: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", choices=models, default=models[0])
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--image-size", type=int, default=224, help="height and width, in pixels")
    parser.add_argument("--batch", type=int, default=8, help="images per step")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before the measured ones")
    parser.add_argument("--steps", type=int, default=5, help="steps to measure")
    return parser.parse_args()


def measure_steps(step, arguments: argparse.Namespace, version: str) -> None:
    """Calls `step`, which must return once its step is done, and prints one line of JSON.

    The first steps allocate memory and choose kernels, so they are not measured.
    """
    for _ in range(arguments.warm_up):
        step()
    seconds = []
    for _ in range(arguments.steps):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    seconds_per_step = statistics.median(seconds)
    print_result(
        version=version,
        precision=arguments.precision,
        secondsPerStep=seconds_per_step,
        imagesPerSecond=arguments.batch / seconds_per_step,
    )


def print_result(**figures) -> None:
    """Prints the result as the last line of standard output. Linux counts `ru_maxrss` in KiB."""
    peak_memory_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**figures, "peakMemoryBytes": peak_memory_bytes}), flush=True)
