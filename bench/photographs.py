#!/usr/bin/env python3
"""Writes the files that bench/run imports: parts of the two photographs that come with scikit-learn, in several formats
and sizes, in the folder OUT. Run in the peers' environment (bench/install):

    bench/photographs.py OUT
"""
import os
import sys

import numpy
from PIL import Image
from sklearn.datasets import load_sample_images

# name, ending, height, width, files, arguments of Pillow
SETS = [
    ("JPEG 400x533", "jpg", 400, 533, 300, dict(quality=88, subsampling=2)),
    ("JPEG 32x32", "jpg", 32, 32, 4000, dict(quality=88, subsampling=2)),
    ("progressive JPEG 400x533", "jpg", 400, 533, 200, dict(quality=88, subsampling=2, progressive=True)),
    ("PNG 400x533", "png", 400, 533, 200, {}),
    ("PNG 32x32", "png", 32, 32, 4000, {}),
    ("WebP 400x533", "webp", 400, 533, 200, dict(quality=85)),
    ("BMP 400x533", "bmp", 400, 533, 200, {}),
    ("GIF 400x533", "gif", 400, 533, 200, {}),
    ("TIFF 400x533", "tif", 400, 533, 200, {}),
    ("TIFF 400x533 by LZW", "tif", 400, 533, 200, dict(compression="tiff_lzw")),
    ("AVIF 400x533", "avif", 400, 533, 20, dict(quality=75)),
]


def part(photograph, height, width, random):
    """Return a part of a photograph, perhaps mirrored; of six times the size, reduced, where it is to be small."""
    scale = 1 if height > 100 else 6
    y, x = (random.integers(0, n - scale * m + 1) for n, m in zip(photograph.shape, (height, width)))
    pixels = photograph[y:y + scale * height, x:x + scale * width]
    if random.random() < 0.5:
        pixels = pixels[:, ::-1]
    return Image.fromarray(numpy.ascontiguousarray(pixels)).resize((width, height))


def main():
    photographs = load_sample_images().images
    for name, ending, height, width, files, arguments in SETS:
        random = numpy.random.default_rng(1)
        folder = os.path.join(sys.argv[1], name, "photographs")
        os.makedirs(folder)
        for i in range(files):
            image = part(photographs[i % len(photographs)], height, width, random)
            image.save(os.path.join(folder, f"{i:04}.{ending}"), **arguments)


if __name__ == "__main__":
    main()
