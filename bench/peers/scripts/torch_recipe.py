"""Trains the recipe on a folder of images with PyTorch: channels last, augmentation in batches, fused AdamW."""

import math
import time

import torch
from images import read_images, split_indices
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
from torch import nn
from torch.nn import functional


def network(classes: int) -> nn.Module:
    modules: list[nn.Module] = []
    channels = 3
    for filters in FILTERS:
        for _ in range(CONVOLUTIONS_PER_BLOCK):
            modules += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        modules.append(nn.MaxPool2d(2))
    modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(DROPOUT), nn.Linear(channels, classes)]
    model = nn.Sequential(*modules)
    for module in model:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return model.to(memory_format=torch.channels_last)


def uniform(count: int, limit: float) -> torch.Tensor:
    return (torch.rand(count) * 2 - 1) * limit


def augment(images: torch.Tensor) -> torch.Tensor:
    """Flips, rotates, shifts, zooms and brightens each image of values in [0, 1] by its own random amounts."""
    count = len(images)
    angle = uniform(count, math.radians(ROTATION_DEGREES))
    zoom = 1 + uniform(count, ZOOM)
    flip = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    rows = [
        torch.stack([flip * zoom * angle.cos(), -zoom * angle.sin(), uniform(count, 2 * SHIFT)], 1),
        torch.stack([flip * zoom * angle.sin(), zoom * angle.cos(), uniform(count, 2 * SHIFT)], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    return (moved + uniform(count, BRIGHTNESS).view(-1, 1, 1, 1)).clamp(0, 1)


def main() -> None:
    arguments = parse_arguments(__doc__)
    torch.manual_seed(0)
    bytes_, labels_, classes = read_images(arguments.folder, arguments.image_size)
    images = torch.from_numpy(bytes_).permute(0, 3, 1, 2)
    labels = torch.from_numpy(labels_)
    training, validation = (torch.from_numpy(part) for part in split_indices(len(labels), VALIDATION))
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    deviation = torch.tensor(DEVIATION).view(1, 3, 1, 1)
    model = network(classes)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
    )
    steps = math.ceil(len(training) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_LEARNING_RATE, total_steps=arguments.epochs * steps, pct_start=WARM_UP
    )

    def logits(inputs: torch.Tensor) -> torch.Tensor:
        normalized = ((inputs - mean) / deviation).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bfloat16"):
            return model(normalized)

    seconds, top1 = [], []
    for _ in range(arguments.epochs):
        started = time.perf_counter()
        model.train()
        for batch in training[torch.randperm(len(training))].split(BATCH):
            inputs = augment(images[batch].float() / 255)
            optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(
                logits(inputs).float(), labels[batch], label_smoothing=LABEL_SMOOTHING
            )
            loss.backward()
            optimizer.step()
            schedule.step()
        model.eval()
        right = 0
        with torch.no_grad():
            for batch in validation.split(BATCH):
                right += int((logits(images[batch].float() / 255).argmax(1) == labels[batch]).sum())
        seconds.append(time.perf_counter() - started)
        top1.append(right / len(validation))
    print_epochs(arguments, f"PyTorch {torch.__version__}", seconds, top1)


if __name__ == "__main__":
    main()
