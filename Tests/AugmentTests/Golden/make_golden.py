"""Writes geometry.json: one image of random bytes, resampled by PyTorch's grid_sample (bilinear, in float64, zeros beyond
the edges) and resized by OpenCV.

    python make_golden.py        made with torch 2.15, opencv 5.0; any version should give the same

Maps go from output to input coordinates, pixel centres at i + 0.5: x = (m0 c + m1 r + m2) / w, y = (m3 c + m4 r + m5) / w,
w = m6 c + m7 r + 1.
"""
import json, os
import cv2, numpy as np, torch

rng = np.random.default_rng(0)
H, W, C = 13, 11, 3
image = rng.integers(0, 256, (H, W, C), dtype=np.uint8)
source = torch.from_numpy(image).permute(2, 0, 1)[None].double()
rows, columns = np.meshgrid(np.arange(H) + .5, np.arange(W) + .5, indexing="ij")


def sampled(x, y):
    grid = torch.from_numpy(np.stack([2 * x / W - 1, 2 * y / H - 1], -1))[None]
    out = torch.nn.functional.grid_sample(source, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return np.round(out[0].permute(1, 2, 0).numpy(), 3).ravel().tolist()


maps = [[.9, -.3, 2.1, .25, 1.1, -1.3, 0, 0], [1.7, 0, -3.3, 0, .6, 2.2, 0, 0],
        [.8, .1, 1, -.1, .9, 1.5, .02, -.01], [1.3, -.2, -1, .15, 1.2, -2, -.02, .03]]
warps = []
for m in maps:
    w = m[6] * columns + m[7] * rows + 1
    warps.append({"map": m, "pixels": sampled((m[0] * columns + m[1] * rows + m[2]) / w,
                                              (m[3] * columns + m[4] * rows + m[5]) / w)})
resized = []
for name, method in [("area", cv2.INTER_AREA), ("bilinear", cv2.INTER_LINEAR), ("nearest", cv2.INTER_NEAREST_EXACT)]:
    for h, w in [(5, 4), (26, 33)] if name != "area" else [(5, 4), (6, 11)]:
        out = cv2.resize(image.astype(np.float32), (w, h), interpolation=method)
        resized.append({"method": name, "height": h, "width": w, "pixels": np.round(out, 3).ravel().tolist()})

# Each corner of the image and where it shall show, and OpenCV's matrix from the latter to the former, in pixel numbers.
corners = [[1.5, .7], [9.8, 1.9], [10.4, 12.1], [.3, 11.2]]
matrix = cv2.getPerspectiveTransform(np.float32(corners), np.float32([[0, 0], [W, 0], [W, H], [0, H]]))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "geometry.json"), "w") as file:
    json.dump({"height": H, "width": W, "channels": C, "image": image.ravel().tolist(), "warps": warps,
               "resized": resized, "corners": corners, "matrix": matrix.ravel().tolist()}, file)
