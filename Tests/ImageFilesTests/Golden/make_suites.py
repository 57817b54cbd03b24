#!/usr/bin/env python3
"""What other decoders make of the image suites that Debian packages hold, for ImageSuiteTests.

    apt-get install golang-1.19-src golang-1.19-go librust-jpeg-decoder-dev
    pip install pypng numpy
    Tests/ImageFilesTests/Golden/make_suites.py [FOLDER OF THE WHOLE PNGSUITE]

suites.json has a suite of files for each folder, and of each file

    size      height, width, channels
    digest    of a PNG file: FNV-1a (64 bits) of its pixels as pypng has them, which is written in Python and knows
              nothing of libpng: grey 1 channel, colours 3, with any transparency 4; 16 bits rounded to 8
    means     of a JPEG file: in 8 rows and 8 columns of cells, the mean of each channel, two hexadecimal digits each,
              as Go's own decoder has them (pixels.go)
    refused   instead: a part of what is said of a file that is refused

The whole PngSuite (Willem van Schaik, http://www.schaik.com/pngsuite) is in no package; the test looks for it in
RETORT_DATA/pngsuite.
"""

import json
import pathlib
import subprocess
import sys

import numpy
import png

HERE = pathlib.Path(__file__).parent
GO = pathlib.Path("/usr/share/go-1.19/src/image")
RUST = pathlib.Path("/usr/share/cargo/registry/jpeg-decoder-0.2.6/benches")

# What is refused, and by which words.
REFUSED = {
    "video-001.cmyk.jpeg": "CMYK",
    "invalid-crc32.png": "CRC error",
    "invalid-noend.png": "cut short",
    "invalid-trunc.png": "cut short",
    "invalid-zlib.png": "incorrect data check",
    # PngSuite's x*.png are damaged on purpose: signature, line ends, colour type, depth, checksums, no data.
    **{f"xs{place}n0g01.png": "a PNG or JPEG image expected" for place in (1, 2, 4, 7)},
    "xcrn0g04.png": "damaged by a transfer as text", "xlfn0g04.png": "damaged by a transfer as text",
    "xhdn0g08.png": "CRC error", "xcsn0g01.png": "CRC error", "xdtn0g01.png": "0 compressed bytes",
    "xc1n0g08.png": "Invalid color type", "xc9n2c08.png": "Invalid color type",
    **{f"xd{depth}n2c08.png": "Invalid bit depth" for depth in (0, 3, 9)},
}


def fnv(values):
    state = 0xCBF29CE484222325
    for value in values:
        state = ((state ^ value) * 0x100000001B3) & (1 << 64) - 1
    return f"{state:016x}"


def pixels_of_png(path):
    reader = png.Reader(bytes=path.read_bytes())
    width, height, rows, info = reader.read()
    rows = [list(row) for row in rows]
    depth, planes = info["bitdepth"], info["planes"]
    top = (1 << depth) - 1
    values = numpy.array(rows, dtype=numpy.int64).reshape(height, width, planes)
    if reader.color_type == 3:  # others may suggest a palette
        entries = info["palette"]
        channels = max(map(len, entries))
        table = numpy.array([list(entry) + [255] * (channels - len(entry)) for entry in entries])
        # An index beyond the palette is black, as libpng and browsers take it.
        black = numpy.array([[0, 0, 0, 255][:channels]] * 256)
        return numpy.concatenate([table, black])[values[..., 0]]
    narrow = (values * 255 + top // 2) // top
    if "transparent" in info:
        opacity = 255 * numpy.any(values != numpy.array(info["transparent"]), axis=2, keepdims=True)
        return numpy.concatenate([numpy.repeat(narrow, 3, 2) if planes == 1 else narrow, opacity], 2)
    if planes == 2:
        return numpy.concatenate([numpy.repeat(narrow[..., :1], 3, 2), narrow[..., 1:]], 2)
    return narrow


def pixels_of_jpeg(path):
    program = ["/usr/lib/go-1.19/bin/go", "run", str(HERE / "pixels.go"), str(path)]
    line, pixels = subprocess.run(program, check=True, stdout=subprocess.PIPE).stdout.split(b"\n", 1)
    return numpy.frombuffer(pixels, numpy.uint8).reshape([int(extent) for extent in line.split()])


def means(pixels):
    bands = numpy.array_split(pixels.astype(float), 8, axis=0)
    cells = [cell.mean((0, 1)) for band in bands for cell in numpy.array_split(band, 8, axis=1)]
    return bytes(int(value + 0.5) for value in numpy.concatenate(cells)).hex()


def entry(path):
    if path.name in REFUSED:
        return {"refused": REFUSED[path.name]}
    if path.suffix == ".png":
        pixels = pixels_of_png(path)
        return {"size": list(pixels.shape), "digest": fnv(pixels.reshape(-1).tolist())}
    pixels = pixels_of_jpeg(path)
    return {"size": list(pixels.shape), "means": means(pixels)}


def suite(folder, endings, shown=None):
    files = sorted(path for path in folder.iterdir() if path.suffix in endings)
    return {"folder": shown or str(folder), "files": {path.name: entry(path) for path in files}}


suites = [
    suite(GO / "png/testdata/pngsuite", [".png"]),
    suite(GO / "png/testdata", [".png"]),
    suite(GO / "testdata", [".png", ".jpeg"]),
    suite(RUST, [".jpg"]),
]
if len(sys.argv) > 1:
    suites.append(suite(pathlib.Path(sys.argv[1]), [".png"], "RETORT_DATA/pngsuite"))
lines = ",\n".join(
    '{"folder": ' + json.dumps(one["folder"]) + ', "files": {\n'
    + ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in one["files"].items())
    + "\n}}"
    for one in suites)
(HERE / "suites.json").write_text(f"[\n{lines}\n]\n")
