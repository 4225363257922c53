"""Writes golden.json: what torchvision makes of one image, for parity_test.go.

    python -m venv v && v/bin/pip install torch==2.15.0 torchvision==0.29.2 && v/bin/python golden.py

The image is synthetic: colour gradients with noise, and some pixels on the edges of the HSV formulas.
"""
import json
import pathlib

import numpy
import torch
import torchvision
import torchvision.transforms.v2.functional as F

HEIGHT, WIDTH = 12, 16


def picture():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    image = numpy.stack([20 + 13 * x, 230 - 17 * y, 90 + 40 * numpy.sin(x / 3 + y / 2)], -1)
    image = (image + numpy.random.RandomState(7).normal(0, 20, image.shape)).clip(0, 255).astype("uint8")
    image[0, :8] = [[0, 0, 0], [255, 255, 255], [128, 128, 128], [255, 0, 0], [0, 255, 0], [0, 0, 255],
                    [200, 200, 10], [1, 0, 1]]
    return image


pixels = picture()
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

golden = {"source": f"torch {torch.__version__}, torchvision {torchvision.__version__}",
          "height": HEIGHT, "width": WIDTH, "pixels": pixels.ravel().tolist(), "cases": cases}
lines = json.dumps(golden, separators=(",", ":")).replace('{"operation"', '\n{"operation"')
pathlib.Path(__file__).with_name("golden.json").write_text(lines + "\n")
