"""Writes golden.json: what torchvision makes of one image, for parity_test.go.

    python -m venv v && v/bin/pip install torch==2.15.0 torchvision==0.29.2 && v/bin/python golden.py [IMAGE OUT]

The image is synthetic: colour gradients with noise, and some pixels on the edges of the HSV formulas. Image sets are
not committed; a file that is made of a real image of 12 x 16 pixels or more is tested with SSLX_GOLDEN=OUT.
"""
import json
import pathlib
import sys

import numpy
import PIL.Image
import torch
import torchvision
import torchvision.transforms.v2.functional as F

HEIGHT, WIDTH = 12, 16


def picture():
    if len(sys.argv) > 1:
        return numpy.array(PIL.Image.open(sys.argv[1]).convert("RGB"))
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    image = numpy.stack([20 + 13 * x, 230 - 17 * y, 90 + 40 * numpy.sin(x / 3 + y / 2)], -1)
    image = (image + numpy.random.RandomState(7).normal(0, 20, image.shape)).clip(0, 255).astype("uint8")
    image[0, :8] = [[0, 0, 0], [255, 255, 255], [128, 128, 128], [255, 0, 0], [0, 255, 0], [0, 0, 255],
                    [200, 200, 10], [1, 0, 1]]
    return image


pixels = picture()
HEIGHT, WIDTH = pixels.shape[:2]
image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
cases = []


def case(operation, result, size=None, **params):
    values = result.permute(1, 2, 0).double().numpy()
    cases.append({"operation": operation, "size": size or [HEIGHT, WIDTH], "params": params,
                  "pixels": [round(float(v), 7) for v in values.ravel()]})


for top, left, height, width, size in [
    (0, 0, 12, 16, [6, 6]),    # shrinks the whole image
    (0, 0, 12, 16, [3, 5]),    # shrinks it more, unevenly
    (3, 5, 4, 5, [9, 11]),     # enlarges an inner part
    (5, 7, 7, 9, [8, 8]),      # ends at the right and lower edge
    (0, 0, 12, 3, [8, 8]),     # a narrow part, shrunk along one axis and enlarged along the other
    (11, 15, 1, 1, [3, 3]),    # one pixel, the last
    (0, 0, 12, 16, [12, 16]),  # changes nothing
]:
    result = F.resized_crop(image, top, left, height, width, size, antialias=True)
    case("resized-crop", result, size, top=top, left=left, height=height, width=width)

case("horizontal-flip", F.horizontal_flip(image))
case("grayscale", F.rgb_to_grayscale(image, 3))


def jitter(brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0):
    x = F.adjust_brightness(image, brightness)
    x = F.adjust_contrast(x, contrast)
    x = F.adjust_saturation(x, saturation)
    x = F.adjust_hue(x, hue)
    case("color-jitter", x, brightness=brightness, contrast=contrast, saturation=saturation, hue=hue)


for factor in (0.2, 1.8):
    jitter(brightness=factor)
    jitter(contrast=factor)
    jitter(saturation=factor)
for shift in (-0.5, -0.13, 0.07, 0.4):
    jitter(hue=shift)
jitter(1.3, 0.7, 1.6, -0.1)

mean, std = [0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]
case("normalize", F.normalize(image, mean, std))

case("vertical-flip", F.vertical_flip(image))

for height, width, sigma in [(3, 3, 0.1), (9, 5, 0.7), (23, 5, 2.0), (1, 31, 1.3)]:  # torchvision takes the width first
    case("gaussian-blur", F.gaussian_blur(image, [width, height], [sigma, sigma]), sigma=sigma, kernel_height=height,
         kernel_width=width)

for threshold in (0.0, 128 / 255, 0.9):
    case("solarize", F.solarize(image, threshold), threshold=threshold)

for bits in (1, 4, 8):
    case("posterize", F.posterize(image, bits), bits=bits)

bilinear = torchvision.transforms.InterpolationMode.BILINEAR
for degrees in (-90, -37.3, 0, 5, 170.1):
    case("rotation", F.rotate(image, degrees, bilinear), degrees=degrees)

for down, right in [(3, -4), (-6, 8), (5, 0)]:
    moved = F.affine(image, 0, [right, down], 1, [0, 0], bilinear)
    case("translation", moved, down=down, right=right)

for top, left, height, width in [(2, 3, 5, 7), (0, 0, 11, 15), (4, 4, 0, 3), (11, 15, 1, 1)]:
    color = torch.tensor([0.2, 0.4, 0.6])[:, None, None]
    case("random-erasing", F.erase(image, top, left, height, width, color), top=top, left=left, height=height,
         width=width)

for row, column, side in [(6, 8, 4), (0, 0, 6), (11, 15, 5)]:  # clipped by hand: erase does not
    top, left = max(0, row - side // 2), max(0, column - side // 2)
    bottom, right = row - side // 2 + side, column - side // 2 + side
    erased = F.erase(image, top, left, min(bottom, HEIGHT) - top, min(right, WIDTH) - left, torch.zeros(3, 1, 1))
    case("cutout", erased, row=row, column=column, side=side)

for top, left, side, size in [(0, 0, 12, [6, 6]), (3, 5, 4, [9, 11]), (8, 12, 4, [4, 4])]:
    square = F.resized_crop(image, top, left, side, side, size, antialias=True)
    case("patch", square, size, top=top, left=left, side=side)

for size in ([6, 6], [20, 13]):
    case("resize", F.resize(image, size, antialias=True), size)

for height, width in [(5, 6), (4, 7), (15, 9), (15, 19)]:
    case("center-crop", F.center_crop(image, [height, width]), [height, width])

for left, top, right, bottom in [(1, 2, 3, 4), (15, 0, 0, 5)]:
    size = [top + HEIGHT + bottom, left + WIDTH + right]
    for mode in ("constant", "reflect"):
        padded = F.pad(image, [left, top, right, bottom], [0.2, 0.4, 0.6] if mode == "constant" else None, mode)
        case("padding-" + mode, padded, size, top=top, bottom=bottom, left=left, right=right)

golden = {"source": f"torch {torch.__version__}, torchvision {torchvision.__version__}",
          "height": HEIGHT, "width": WIDTH, "pixels": pixels.ravel().tolist(), "cases": cases}
lines = json.dumps(golden, separators=(",", ":")).replace('{"operation"', '\n{"operation"')
out = sys.argv[2] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("golden.json")
pathlib.Path(out).write_text(lines + "\n")
