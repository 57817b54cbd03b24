"""Golden pixels for AugmentTests: python make_pixels.py  (needs numpy, pillow, opencv-python-headless, safetensors).

Writes pixels.safetensors: an image of 26x37x3 bytes, part smooth and part random, and what others make of it:

    equalise, autocontrast, autocontrast5 (5 % at each end), solarise (from byte 100 on), posterise (3 bits), invert,
    saturation (ImageEnhance.Color, 1.7), sharpen (ImageEnhance.Sharpness, 2)          Pillow
    jpeg30, jpeg75, jpeg95 (4:2:0), jpegGrey50 (of the green channel)                  libjpeg through Pillow
    gaussian (sigma 1.3), motion (5 level pixels), defocus (radius 2.3)                OpenCV, edges repeated
    hue (30 degrees: NTSC's YIQ matrix, a turn, its inverse)                           NumPy
    covariance's eigenvalues and eigenvectors, of values in 0 ... 1                    NumPy
"""

import io
import pathlib

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from safetensors.numpy import save_file

random = np.random.default_rng(7)
rows, columns = np.mgrid[0:26, 0:37]
smooth = np.stack([40 + 5 * rows, 230 - 4 * columns, 90 + 3 * rows + 2 * columns], axis=-1)
image = np.clip(smooth + random.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)
image[18:, 20:] = random.integers(0, 256, (8, 17, 3))
picture = Image.fromarray(image)


def jpeg(picture, quality):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=2)
    return np.asarray(Image.open(file))


reach = 3
distance = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1])
disc = np.clip(2.3 + 0.5 - distance, 0, 1)
edge = cv2.BORDER_REPLICATE

yiq = np.array([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
angle = np.deg2rad(30)
turn = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
hue = np.linalg.inv(yiq) @ turn @ yiq

values, vectors = np.linalg.eigh(np.cov(image.reshape(-1, 3).T / 255, bias=True))

golden = {
    "image": image,
    "equalise": np.asarray(ImageOps.equalize(picture)),
    "autocontrast": np.asarray(ImageOps.autocontrast(picture)),
    "autocontrast5": np.asarray(ImageOps.autocontrast(picture, cutoff=5)),
    "solarise": np.asarray(ImageOps.solarize(picture, 100)),
    "posterise": np.asarray(ImageOps.posterize(picture, 3)),
    "invert": np.asarray(ImageOps.invert(picture)),
    "saturation": np.asarray(ImageEnhance.Color(picture).enhance(1.7)),
    "sharpen": np.asarray(ImageEnhance.Sharpness(picture).enhance(2.0)),
    "jpeg30": jpeg(picture, 30),
    "jpeg75": jpeg(picture, 75),
    "jpeg95": jpeg(picture, 95),
    "jpegGrey50": jpeg(Image.fromarray(image[:, :, 1].copy()), 50),
    "gaussian": cv2.GaussianBlur(image, (9, 9), 1.3, borderType=edge),
    "motion": cv2.blur(image, (5, 1), borderType=edge),
    "defocus": cv2.filter2D(image, -1, disc / disc.sum(), borderType=edge),
    "hue": np.clip(np.rint(image @ hue.T), 0, 255).astype(np.uint8),
    "eigenvalues": values[::-1].astype(np.float32).copy(),
    "eigenvectors": vectors.T[::-1].astype(np.float32).copy(),
}
save_file({name: np.ascontiguousarray(array) for name, array in golden.items()}, pathlib.Path(__file__).parent / "pixels.safetensors")
