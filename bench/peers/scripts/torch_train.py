"""Trains a network of torchvision on one batch of noise with PyTorch.

Channels-last memory format, a fused optimizer and, for bfloat16, autocast: what PyTorch's guide to performance
recommends for training on a CPU.
"""

import torch
import torchvision
from measuring import CLASSES, LEARNING_RATE, measure_steps, parse_arguments
from torch.nn.functional import cross_entropy


def main() -> None:
    arguments = parse_arguments(__doc__, ["vgg19", "resnet18", "resnet34", "resnet50"])
    torch.manual_seed(0)
    model = torchvision.models.get_model(arguments.model, weights=None, num_classes=CLASSES)
    model = model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    size = arguments.image_size
    images = torch.rand(arguments.batch, 3, size, size).to(memory_format=torch.channels_last)
    labels = torch.randint(CLASSES, (arguments.batch,))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bfloat16"):
            loss = cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()

    measure_steps(step, arguments, f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
