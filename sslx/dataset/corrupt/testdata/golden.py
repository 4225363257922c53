"""Writes golden.json, what imagecorruptions makes of the images of corrupt_test.go.

    python3.9 -m venv venv
    venv/bin/pip install "setuptools<81" numpy==1.23.5 scipy==1.10.1 scikit-image==0.19.3 Pillow==9.5.0 \
        opencv-python-headless==4.8.1.78 imagecorruptions==1.1.2
    venv/bin/python golden.py > golden.json

The package has the strengths of ImageNet-C. Those of CIFAR-10-C (Hendrycks and Dietterich 2019, make_cifar_c.py) take
their place in its functions for images of 32 pixels.
"""

import json
import types
import warnings

import numpy as np
from imagecorruptions import corruptions
from PIL import Image

warnings.simplefilter("ignore")

CIFAR = {
    "gaussian_noise": (0.04, 0.06, 0.08, 0.09, 0.10),
    "shot_noise": (500, 250, 100, 75, 50),
    "impulse_noise": (0.01, 0.02, 0.03, 0.05, 0.07),
    "speckle_noise": (0.06, 0.1, 0.12, 0.16, 0.2),
    "defocus_blur": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
    "motion_blur": ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
    "gaussian_blur": (0.4, 0.6, 0.7, 0.8, 1),
    "fog": ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
    "brightness": (0.05, 0.1, 0.15, 0.2, 0.3),
    "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),
    "saturate": ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
    "pixelate": (0.95, 0.9, 0.85, 0.75, 0.65),
    "jpeg_compression": (80, 65, 58, 50, 40),
}
EXACT = ["defocus_blur", "gaussian_blur", "brightness", "contrast", "saturate", "pixelate", "jpeg_compression"]
RANDOM = ["gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "motion_blur", "fog"]
SIDES = {32: (7, 60), 96: (61, 20)}  # every so many values are kept; draws of what is random
ANGLES = [-35, 0, 20]


def picture(side):
    """Waves and some texture, by the same integers as in corrupt_test.go."""

    def wave(t):
        return abs(t % 510 - 255)

    pixels = np.zeros((side, side, 3), np.uint8)
    for y in range(side):
        for x in range(side):
            for c in range(3):
                smooth = (3 * wave(7 * x + 3 * y + 60 * c) + wave(11 * y + 2 * x * (c + 1))) // 4
                pixels[y, x, c] = min(255, smooth * 9 // 10 + (31 * x + 17 * y + 7 * c) % 23)
    return pixels


def function(name, side):
    """The corruption of a name, with the strengths for a side."""
    f = getattr(corruptions, name)
    if side > 64:
        return f
    code = f.__code__
    strengths = [k for k, v in enumerate(code.co_consts) if isinstance(v, tuple) and len(v) == 5]
    assert len(strengths) == 1, name
    consts = list(code.co_consts)
    consts[strengths[0]] = CIFAR[name]
    return types.FunctionType(code.replace(co_consts=tuple(consts)), f.__globals__, name, f.__defaults__)


def made(name, side, severity):
    return np.uint8(np.array(function(name, side)(Image.fromarray(picture(side)), severity)))


def measures(before, after):
    """Mean and deviation of the change, and how much neighbors differ, which tells blur and clouds from noise."""
    change = after.astype(float) - before
    steps = np.abs(np.diff(change, axis=1))
    return [change.mean(), change.std(), steps.mean()]


golden = {"exact": {}, "random": {}, "motion": {}}
for side, (stride, draws) in SIDES.items():
    before = picture(side).astype(float)
    for severity in range(1, 6):
        key = f"{side} {severity}"
        golden["exact"][key] = {n: made(n, side, severity).ravel()[::stride].tolist() for n in EXACT}

        np.random.seed(severity)
        golden["random"][key] = {}
        for name in RANDOM:
            all_draws = np.array([measures(before, made(name, side, severity)) for _ in range(draws)])
            golden["random"][key][name] = [all_draws.mean(0).tolist(), all_draws.std(0, ddof=1).tolist()]

        radius, sigma = (CIFAR["motion_blur"] if side <= 64 else ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)))[severity - 1]
        golden["motion"][key] = {
            str(a): np.uint8(np.clip(corruptions._motion_blur(picture(side), radius, sigma, a), 0, 255))
            .ravel()[::stride].tolist() for a in ANGLES
        }

parts = []
for kind, values in golden.items():
    lines = [f'  "{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in values.items()]
    parts.append(f' "{kind}": {{\n' + ",\n".join(lines) + "\n }")
print("{\n" + ",\n".join(parts) + "\n}")
