"""Retort's ready networks in PyTorch: Sources/Layers/Networks says what they are, and this must say the same."""

from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Convolution without bias, batch normalisation, and ReLU unless it is left out."""

    def __init__(self, inputs, outputs, kernel=3, stride=1, relu=True):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        self.normalization = nn.BatchNorm2d(outputs)
        self.relu = relu

    def forward(self, x):
        x = self.normalization(self.convolution(x))
        return functional.relu(x, inplace=True) if self.relu else x


class Residual(nn.Module):
    """Two blocks with a way around them, which is a projection where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = Block(inputs, outputs, stride=stride)
        self.second = Block(outputs, outputs, relu=False)
        changes = stride != 1 or inputs != outputs
        self.shortcut = Block(inputs, outputs, kernel=1, stride=stride, relu=False) if changes else nn.Identity()

    def forward(self, x):
        return functional.relu(self.second(self.first(x)) + self.shortcut(x), inplace=True)


class Classifier(nn.Module):
    """Global average and a dense layer to ten classes."""

    def __init__(self, channels):
        super().__init__()
        self.dense = nn.Linear(channels, 10)

    def forward(self, x):
        return self.dense(x.mean(dim=(2, 3)))


def network(name):
    """The network that a work names and the shape (C, H, W) of its images: cnn16, cnn32, resnet20 and the like."""
    if name.startswith("cnn"):
        width = int(name.removeprefix("cnn"))
        first = [Block(1, width), Block(width, width), nn.MaxPool2d(2)]
        second = [Block(width, 2 * width), Block(2 * width, 2 * width)]
        return nn.Sequential(*first, *second, Classifier(2 * width)), (1, 28, 28)
    blocks = (int(name.removeprefix("resnet")) - 2) // 6
    layers, channels = [Block(3, 16)], 16
    for outputs in (16, 32, 64):
        for _ in range(blocks):
            layers.append(Residual(channels, outputs, stride=1 if channels == outputs else 2))
            channels = outputs
    return nn.Sequential(*layers, Classifier(channels)), (3, 32, 32)
