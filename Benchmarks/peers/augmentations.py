"""What albumentations does in `augment/NAMESIDE`, name by name as `measure` does it: Augmentations.swift.

RGB images of bytes in memory, in and out, on one thread. Geometry is bilinear, with black beyond the edges. Where an
operation means something else than ours of that name, the comment says so: then the ratio is that of two ways to one
purpose, and not of the same arithmetic.
"""

import re

import albumentations as A
import cv2
import numpy as np


def whole_policy():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.Affine(rotate=(-15, 15), scale=(0.9, 1.1), translate_percent=(-0.1, 0.1), p=0.5),
        A.RandomBrightnessContrast(0.2, 0.2, p=0.5),
        A.GaussNoise(std_range=(0.05, 0.05), p=0.3),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(0.25, 0.25), hole_width_range=(0.25, 0.25), p=0.3),
    ])


# By name: a function of the side that makes the transform. Without Compose, whose bookkeeping a user could leave out.
TRANSFORMS = {
    "policy": lambda side: whole_policy(),
    "flip": lambda side: A.HorizontalFlip(p=1),
    "affine": lambda side: A.Affine(rotate=(-15, 15), scale=(0.9, 1.1), translate_percent=(-0.1, 0.1), p=1),
    # Corners move by a normal distribution of that deviation, ours evenly up to a tenth of the side.
    "perspective": lambda side: A.Perspective(scale=(0.05, 0.1), p=1),
    "elastic": lambda side: A.ElasticTransform(alpha=side, sigma=0.04 * side, p=1),
    "grid": lambda side: A.GridDistortion(num_steps=5, distort_limit=0.3, p=1),
    "resizedCrop": lambda side: A.RandomResizedCrop(size=(side, side), scale=(0.25, 1), p=1),
    "brightnessContrast": lambda side: A.RandomBrightnessContrast(0.2, 0.2, p=1),
    "gamma": lambda side: A.RandomGamma((80, 120), p=1),
    "toneCurve": lambda side: A.RandomToneCurve(0.1, p=1),
    "solarise": lambda side: A.Solarize(threshold_range=(0.5, 0.5), p=1),
    "posterise": lambda side: A.Posterize(4, p=1),
    "invert": lambda side: A.InvertImg(p=1),
    "equalise": lambda side: A.Equalize(p=1),
    "autocontrast": lambda side: A.AutoContrast(p=1),
    "saturation": lambda side: A.ColorJitter(brightness=0, contrast=0, saturation=(0.5, 1.5), hue=0, p=1),
    # In HSV; ours turns about the grey axis.
    "hue": lambda side: A.HueSaturationValue(hue_shift_limit=10, sat_shift_limit=0, val_shift_limit=0, p=1),
    "grey": lambda side: A.ToGray(p=1),
    "channels": lambda side: A.ChannelShuffle(p=1),
    # Of the image's own colours; ours of ImageNet's, or of a data set's that were computed before.
    "lighting": lambda side: A.FancyPCA(alpha=0.1, p=1),
    "noise": lambda side: A.GaussNoise(std_range=(0.05, 0.05), p=1),
    # In linear light; ours in the values themselves.
    "shot": lambda side: A.ShotNoise(scale_range=(0.1, 0.1), p=1),
    # Even factors; ours normal ones.
    "speckle": lambda side: A.MultiplicativeNoise((0.83, 1.17), per_channel=True, elementwise=True, p=1),
    "saltPepper": lambda side: A.SaltAndPepper(amount=(0.05, 0.05), salt_vs_pepper=(0.5, 0.5), p=1),
    "blur": lambda side: A.GaussianBlur(blur_limit=0, sigma_limit=(0.5, 1.5), p=1),
    "motion": lambda side: A.MotionBlur(blur_limit=(3, 7), angle_range=(0, 180), p=1),
    "defocus": lambda side: A.Defocus(radius=(1, 3), p=1),
    # By a kernel of 3×3, as ours.
    "sharpen": lambda side: A.Sharpen(alpha=(0.2, 0.5), lightness=(1, 1), kernel_size=3, p=1),
    # Through libjpeg-turbo's coder; ours rounds the coefficients as a coder does and writes no file.
    "jpeg": lambda side: A.ImageCompression(quality_range=(40, 90), p=1),
    # Discs that are blended one after another; ours is a fractal, as in ImageNet-C.
    "fog": lambda side: A.RandomFog(fog_coef_range=(0.3, 1), alpha_coef=0.08, p=1),
    # Lines of one length and light, blurred, a third of the height in number; ours are 4 to 12 a thousand pixels.
    "rain": lambda side: A.RandomRain(slant_range=(-20, 20), p=1),
    # White where it is bright, and a normal texture; ours is that of ImageNet-C, blurred along the wind.
    "snow": lambda side: A.RandomSnow(method="texture", p=1),
    "cutout": lambda side: A.CoarseDropout(
        num_holes_range=(1, 1), hole_height_range=(0.25, 0.25), hole_width_range=(0.25, 0.25), p=1),
    "erasing": lambda side: A.Erasing(scale=(0.02, 0.33), ratio=(0.3, 3.33), fill="random", p=1),
    "gridMask": lambda side: A.GridDropout(ratio=0.4, unit_size_range=(max(2, round(0.43 * side)), side), p=1),
}


def augmentation_step(name, batch):
    match = re.fullmatch(r"([A-Za-z]+)([1-9][0-9]*)", name)
    if not match or match[1] not in TRANSFORMS:
        raise SystemExit(f"augment/{name}: there are {', '.join(TRANSFORMS)}, each with a side behind it")
    side = int(match[2])
    images = np.random.default_rng(0).integers(0, 256, (batch, side, side, 3), dtype=np.uint8)
    transform = TRANSFORMS[match[1]](side)
    cv2.setNumThreads(1)

    def step():
        for image in images:
            transform(image=image)

    return step
