"""Golden values for LayersTests, from PyTorch: python make_golden.py  (needs torch, safetensors; any versions).

For ConvNet(width 4) on 3x12x10 images and ResNet-8 on 3x8x8 images, with random weights and a random batch, writes

    NAME-model.safetensors      weights (rounded to half precision first, so exact), `batch`, `labels`,
                                `logits.evaluation` (running statistics), `logits` (batch statistics), `loss`
    NAME-gradients.safetensors  the gradient of the loss with respect to every trainable parameter
    NAME-after.safetensors      every parameter and running statistic after three steps of SGD on that batch:
                                rate 0.1, Nesterov momentum 0.9, decay 5e-4 on the factors alone (convolution, dense)

Everything is computed in double precision and stored in single. Names and layouts are Retort's: activations [N, H, W, C],
convolution weights [kernel height, kernel width, in, out], dense weights [in, out].
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Convolution without bias, and batch normalisation."""

    def __init__(self, inputs, outputs, kernel=3, stride=1):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.normalization = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.normalization(self.convolution(x))


class ConvNet(nn.Module):
    def __init__(self, width, channels, classes):
        super().__init__()
        self.stage1 = nn.ModuleList([Block(channels, width), Block(width, width)])
        self.stage2 = nn.ModuleList([Block(width, 2 * width), Block(2 * width, 2 * width)])
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, x):
        for block in self.stage1:
            x = F.relu(block(x))
        x = F.max_pool2d(x, 2)
        for block in self.stage2:
            x = F.relu(block(x))
        return self.classifier(x.mean((2, 3)))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = Block(inputs, outputs, stride=stride)
        self.second = Block(outputs, outputs)
        self.shortcut = None if stride == 1 and inputs == outputs else Block(inputs, outputs, 1, stride)

    def forward(self, x):
        way_around = x if self.shortcut is None else self.shortcut(x)
        return F.relu(self.second(F.relu(self.first(x))) + way_around)


class ResNet8(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.stem = Block(channels, 16)
        self.stage1 = nn.ModuleList([ResidualBlock(16, 16, 1)])
        self.stage2 = nn.ModuleList([ResidualBlock(16, 32, 2)])
        self.stage3 = nn.ModuleList([ResidualBlock(32, 64, 2)])
        self.classifier = nn.Linear(64, classes)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for stage in (self.stage1, self.stage2, self.stage3):
            for block in stage:
                x = block(x)
        return self.classifier(x.mean((2, 3)))


OUR_NAMES = {"running_mean": "runningMean", "running_var": "runningVariance"}


def ours(name, tensor):
    """A name and tensor of PyTorch's in our words and layout."""
    if "normalization" in name:
        stem, last = name.rsplit(".", 1)
        return f"{stem}.{ {'weight': 'scale', 'bias': 'shift'}.get(last) or OUR_NAMES[last] }", tensor
    if tensor.dim() == 4:
        return name, tensor.permute(2, 3, 1, 0)
    return name, tensor.T if tensor.dim() == 2 else tensor


def state(model):
    return dict(ours(n, t) for n, t in model.state_dict().items() if not n.endswith("num_batches_tracked"))


def save(path, tensors, dtype=torch.float32):
    keep = lambda t: t.contiguous() if t.dtype != torch.float64 else t.to(dtype).contiguous()
    save_file({n: keep(t.detach()) for n, t in tensors.items()}, path)
    size = path.stat().st_size
    print(path.name, size)
    assert size < 400_000


def randomize(model):
    for name, tensor in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        if name.endswith("normalization.weight") or name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif "normalization" in name or name.endswith("bias"):
            tensor.normal_(0, 0.2)
        else:
            tensor.normal_(0, (2 / (tensor.numel() / tensor.shape[0])) ** 0.5)
        tensor.copy_(tensor.half().double())


def make(name, model, batch, labels, folder):
    model = model.double()
    randomize(model)
    images = batch.permute(0, 3, 1, 2)
    tensors = {k: v.half() for k, v in state(model).items()}
    model.eval()
    tensors["logits.evaluation"] = model(images).detach()

    model.train()
    factors = [p for n, p in model.named_parameters() if p.dim() > 1]
    others = [p for n, p in model.named_parameters() if p.dim() == 1]
    optimizer = torch.optim.SGD(
        [{"params": factors, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0}],
        lr=0.1, momentum=0.9, nesterov=True)
    for step in range(3):
        optimizer.zero_grad()
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        if step == 0:
            tensors |= {"batch": batch, "labels": labels, "logits": logits, "loss": loss}
            gradients = dict(ours(n, p.grad.clone()) for n, p in model.named_parameters())
        optimizer.step()
        print(name, "step", step, "loss", loss.item())
    save(folder / f"{name}-model.safetensors", tensors)
    save(folder / f"{name}-gradients.safetensors", gradients)
    save(folder / f"{name}-after.safetensors", state(model))


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    torch.manual_seed(20)
    make("convnet4", ConvNet(4, 3, 10), torch.randn(8, 12, 10, 3).double(), torch.randint(10, (8,)), folder)
    make("resnet8", ResNet8(3, 10), torch.randn(4, 8, 8, 3).double(), torch.randint(10, (4,)), folder)
