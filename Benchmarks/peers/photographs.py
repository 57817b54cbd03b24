"""What the peers do in `photographs/naturalSIDE`: decode JPEG files and augment them as our policy `.natural` does.

    photographs.py FOLDER      makes 256 photographs of 500 × 375 pixels in FOLDER, in two classes

The files are random parts of scikit-learn's two photographs (CC BY, by Yann Forget and by "Daisyree"), written as a camera
does: quality 90, colours at half the resolution.
"""

import pathlib
import re
import sys

import numpy as np


def make(folder):
    from PIL import Image
    from sklearn.datasets import load_sample_image

    random = np.random.default_rng(1)
    for name in ("china", "flower"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        photograph = Image.fromarray(load_sample_image(f"{name}.jpg"))
        for number in range(128):
            width = int(random.integers(460, photograph.width + 1))
            height = width * 3 // 4 if width * 3 // 4 <= photograph.height else photograph.height
            width = height * 4 // 3
            left = int(random.integers(0, photograph.width - width + 1))
            top = int(random.integers(0, photograph.height - height + 1))
            part = photograph.resize((500, 375), Image.Resampling.BICUBIC, (left, top, left + width, top + height))
            part.save(folder / name / f"{number:03}.jpg", quality=90, subsampling="4:2:0")


def albumentations_pipeline(side):
    import albumentations as A
    import cv2

    cv2.setNumThreads(1)
    reflect = cv2.BORDER_REFLECT_101
    transform = A.Compose([
        A.HorizontalFlip(p=0.5),
        A.OneOf([
            A.Sequential([
                A.Resize(side, side, interpolation=cv2.INTER_AREA),
                A.PadIfNeeded(side + 8, side + 8, border_mode=reflect), A.RandomCrop(side, side)]),
            A.RandomResizedCrop((side, side), scale=(0.5, 1)),
            A.Sequential([
                A.Resize(side, side, interpolation=cv2.INTER_AREA),
                A.Affine(rotate=(-15, 15), scale=(0.9, 1.1), translate_percent=(-0.1, 0.1), border_mode=reflect)]),
        ], p=1),
        A.RandomBrightnessContrast(0.2, 0.3, p=0.5),
        A.CoarseDropout(
            num_holes_range=(1, 1), hole_height_range=(0.4, 0.4), hole_width_range=(0.4, 0.4), fill=128, p=0.3),
    ])
    return lambda path: transform(image=cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB))["image"]


def torchvision_pipeline(side):
    import torch
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    transform = v2.Compose([
        v2.RandomHorizontalFlip(0.5),
        v2.RandomChoice([
            v2.Compose([v2.Resize((side, side)), v2.RandomCrop(side, padding=4, padding_mode="reflect")]),
            v2.RandomResizedCrop(side, scale=(0.5, 1)),
            v2.Compose([
                v2.Resize((side, side)),
                v2.RandomAffine(
                    15, translate=(0.1, 0.1), scale=(0.9, 1.1), interpolation=v2.InterpolationMode.BILINEAR)]),
        ]),
        v2.RandomApply([v2.ColorJitter(brightness=0.2, contrast=0.3)], 0.5),
        v2.RandomErasing(0.3, scale=(0.16, 0.16), ratio=(1, 1), value=128),
    ])
    return lambda path: transform(decode_image(path, ImageReadMode.RGB))


def photograph_step(name, mode, batch, folder):
    match = re.fullmatch("natural([1-9][0-9]*)", name)
    if not match or not folder:
        raise SystemExit("photographs/naturalSIDE needs --images FOLDER, with a folder of JPEG files for each class")
    paths = [str(path) for path in sorted(pathlib.Path(folder).glob("*/*.jpg"))]
    pipeline = {"torchvision": torchvision_pipeline, "albumentations": albumentations_pipeline}[mode](int(match[1]))
    first = 0

    def step():
        nonlocal first
        for place in range(first, first + batch):
            pipeline(paths[place % len(paths)])
        first += batch

    return step


if __name__ == "__main__":
    make(pathlib.Path(sys.argv[1]))
