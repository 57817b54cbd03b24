"""The four core arms of docs/synergy.md on MNIST in PyTorch: the same protocol, so the accuracies can be laid beside ours.

    distillation.py DIR [--labels 100] [--strength 2] [--steps 1500] [--teacher-steps 2000] [--own-teacher] [--seeds 5]

DIR holds MNIST in its original files. Prints one line for each seed and the mean and standard deviation of each arm, in
percent of the test images. Augmentation is that of AugmentationPolicy.digits, written again with PyTorch's own sampling; what
differs is only that pixels are not rounded to bytes in between. Each seed chooses its labels by PyTorch's random numbers,
so they are other images than ours.
"""

import argparse
import gzip
import math
import pathlib
import statistics

import numpy as np
import torch
from networks import network
from torch.nn import functional

CLASSES = 10
HELD_OUT = 5000
BATCH = 64
TEMPERATURE = 4
HARD_LABEL_WEIGHT = 0.1


def read(folder, name):
    file = next(path for path in sorted(folder.iterdir()) if path.name.startswith(name))
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).copy())


class Images:
    """Pixels in 0 ... 1, [N, 1, 28, 28], and the normalisation of all training images."""

    def __init__(self, folder):
        pixels, labels = read(folder, "train-images").view(-1, 1, 28, 28), read(folder, "train-labels").long()
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))[HELD_OUT:]
        self.train, self.labels = pixels[order].float() / 255, labels[order]
        self.test, self.test_labels = (
            read(folder, "t10k-images").view(-1, 1, 28, 28).float() / 255, read(folder, "t10k-labels").long())
        self.mean, self.deviation = self.train.mean(), self.train.std()

    def normalized(self, pixels):
        return (pixels - self.mean) / self.deviation

    def choose(self, count):
        """The places of so many images, as many of each class."""
        if count is None:
            return torch.arange(len(self.labels))
        places = [torch.nonzero(self.labels == label).flatten() for label in range(CLASSES)]
        return torch.cat([of[torch.randperm(len(of))[:count // CLASSES]] for of in places])


def uniform(count, limit):
    return (torch.rand(count) * 2 - 1) * limit


def augmented(pixels, strength):
    """Each operation at its own probability, image by image."""
    count = len(pixels)
    angle, scale = uniform(count, math.radians(30 * strength)), 1 + uniform(count, 0.2 * strength)
    right, down = uniform(count, 0.4 * strength), uniform(count, 0.4 * strength)
    moved = torch.rand(count) < 0.8
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    back = torch.stack([
        torch.stack([cosine, -sine, -(cosine * right - sine * down)], 1),
        torch.stack([sine, cosine, -(sine * right + cosine * down)], 1),
    ], 1)
    back[~moved] = torch.eye(2, 3)
    grid = functional.affine_grid(back, list(pixels.shape), align_corners=False)
    views = functional.grid_sample(pixels, grid, padding_mode="zeros", align_corners=False)
    lit = torch.rand(count) < 0.4
    shift, gain = uniform(count, 0.2 * strength), 1 + uniform(count, 0.4 * strength)
    toned = (gain.view(-1, 1, 1, 1) * (views - 0.5) + 0.5 + shift.view(-1, 1, 1, 1)).clamp(0, 1)
    views = torch.where(lit.view(-1, 1, 1, 1), toned, views)
    noisy = (views + torch.randn_like(views) * 0.1 * strength).clamp(0, 1)
    return torch.where((torch.rand(count) < 0.25).view(-1, 1, 1, 1), noisy, views)


def batches(places):
    """Batches without end; every image once before one comes again."""
    left = torch.empty(0, dtype=torch.long)
    while True:
        while len(left) < BATCH:
            left = torch.cat([left, places[torch.randperm(len(places))]])
        yield left[:BATCH]
        left = left[BATCH:]


def train(name, images, places, steps, strength, teacher=None):
    model = network(name)[0]
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    model.train()
    weights = [value for value in model.parameters() if value.ndim > 1]
    rest = [value for value in model.parameters() if value.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": 5e-4}, {"params": rest}], lr=0.2, momentum=0.9, nesterov=True)
    for step, chosen in zip(range(steps), batches(places)):
        progress = step / steps
        factor = progress / 0.05 if progress < 0.05 else (1 + math.cos(math.pi * (progress - 0.05) / 0.95)) / 2
        for group in optimizer.param_groups:
            group["lr"] = 0.2 * factor
        pixels = images.train[chosen]
        inputs = images.normalized(augmented(pixels, strength) if strength else pixels)
        logits = model(inputs)
        loss = functional.cross_entropy(logits, images.labels[chosen])
        if teacher is not None:
            with torch.no_grad():
                target = functional.log_softmax(teacher(inputs) / TEMPERATURE, 1)
            soft = functional.kl_div(
                functional.log_softmax(logits / TEMPERATURE, 1), target, reduction="batchmean", log_target=True)
            loss = HARD_LABEL_WEIGHT * loss + (1 - HARD_LABEL_WEIGHT) * TEMPERATURE**2 * soft
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@torch.no_grad()
def accuracy(model, images):
    right = sum(
        (model(images.normalized(pixels)).argmax(1) == labels).sum().item()
        for pixels, labels in zip(images.test.split(1000), images.test_labels.split(1000)))
    return 100 * right / len(images.test)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--strength", type=float, default=2)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--teacher-steps", type=int, default=2000)
    parser.add_argument("--own-teacher", action="store_true", help="a teacher of the same labels, and not of all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    images = Images(options.folder)
    arms = {"CE": (False, False), "+Aug": (True, False), "+KD": (False, True), "both": (True, True)}
    found = {arm: [] for arm in arms}
    for seed in range(options.seeds):
        torch.manual_seed(seed)
        places = images.choose(options.labels)
        known = places if options.own_teacher else images.choose(None)
        teacher = train("cnn32", images, known, options.teacher_steps, strength=1)
        print(f"seed {seed}: teacher {accuracy(teacher, images):.2f}", end="", flush=True)
        for arm, (augments, distils) in arms.items():
            student = train(
                "cnn16", images, places, options.steps, options.strength if augments else 0, teacher if distils else None)
            found[arm].append(accuracy(student, images))
            print(f", {arm} {found[arm][-1]:.2f}", end="", flush=True)
        print()
    for arm, values in found.items():
        deviation = statistics.stdev(values) if len(values) > 1 else 0
        print(f"{arm}: {statistics.mean(values):.2f} ± {deviation:.2f}")


if __name__ == "__main__":
    main()
