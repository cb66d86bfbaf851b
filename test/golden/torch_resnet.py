"""torchvision's own ResNets, at any width."""

from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

BLOCKS = {
    "RESNET18": (BasicBlock, [2, 2, 2, 2]),
    "RESNET34": (BasicBlock, [3, 4, 6, 3]),
    "RESNET50": (Bottleneck, [3, 4, 6, 3]),
}
STEM_WIDTH = 64


class ScaledResNet(ResNet):
    """torchvision's ResNet, with every width divided by a number; 1 gives torchvision's own network."""

    def __init__(self, architecture, divisor, classes):
        self.divisor = divisor
        super().__init__(*BLOCKS[architecture], num_classes=classes)
        if divisor == 1:
            return
        width = STEM_WIDTH // divisor
        self.conv1 = nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.fc = nn.Linear(self.inplanes, classes)

    def _make_layer(self, block, planes, *rest, **options):
        if planes == STEM_WIDTH:
            self.inplanes = STEM_WIDTH // self.divisor
        return super()._make_layer(block, planes // self.divisor, *rest, **options)
