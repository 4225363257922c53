"""Writes what torchvision and timm compute with weights and images that a formula gives, in evaluation and in training
mode, and which running statistics training leaves. They compute in float64: in float32 the batch normalizations of a
ResNet-50 on four small images enlarge rounding to more than what is compared.

    python -m venv v && v/bin/pip install -r requirements.txt && v/bin/python golden.py > golden.json
"""
import json
import sys
import zlib

import numpy as np
import timm
import torch
import torchvision


def uniform(name, n):
    """n numbers in [0, 1) that the name decides: MurmurHash3's fmix32 of a counter and a CRC-32."""
    x = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B9) ^ np.uint32(zlib.crc32(name.encode()))
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    return (x >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)


def values(name, shape):
    """The values of a tensor: kernels of variance 2/fan-in, scales and variances around 1, all else around 0."""
    u = uniform(name, int(np.prod(shape))).reshape(shape)
    if name.endswith(("running_var", "norm.weight", "norm1.weight", "norm2.weight")) or (
            len(shape) == 1 and name.endswith(".weight")):
        return u + np.float32(0.5)
    if len(shape) > 1 and name.endswith(".weight"):
        return (u - np.float32(0.5)) * np.float32(np.sqrt(24 / np.prod(shape[1:])))
    return u - np.float32(0.5)


def fill(model):
    state = model.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = torch.from_numpy(values(name, tuple(tensor.shape)))
    model.load_state_dict(state)
    return model


def resnet(name):
    model = getattr(torchvision.models, name)(weights=None)
    model.fc = torch.nn.Identity()
    return model


def vit(size=32, **other):
    return timm.create_model("vit_tiny_patch16_224", pretrained=False, patch_size=8, img_size=size, num_classes=0, **other)


MODELS = {
    "resnet18": (lambda: resnet("resnet18"), 64),
    "resnet34": (lambda: resnet("resnet34"), 64),
    "resnet50": (lambda: resnet("resnet50"), 64),
    "resnet101": (lambda: resnet("resnet101"), 64),
    "vit-tiny": (vit, 32),
    "vit-tiny mean": (lambda: vit(class_token=False, global_pool="avg"), 32),
    "vit-tiny larger": (lambda: vit(dynamic_img_size=True), 48),
    "vit-tiny smaller": (lambda: vit(dynamic_img_size=True), 24),
}


def main():
    torch.set_num_threads(1)
    golden = {}
    for name, (make, size) in MODELS.items():
        images = torch.from_numpy(uniform("images", 4 * 3 * size * size).reshape(4, 3, size, size) * 4 - 2)
        model, modes = fill(make()).double(), {}
        for mode in ("eval", "train"):
            model.train(mode == "train")
            with torch.no_grad():
                y = model(images.double())
            modes[mode] = [[float(f"{v:.7g}") for v in row[:: y.shape[1] // 32].tolist()] for row in y]
        statistics = {}
        for key, tensor in model.state_dict().items():
            if key.endswith(("running_mean", "running_var")) and key.startswith(("bn1", "layer4.0")):
                statistics[key] = [float(f"{v:.7g}") for v in tensor[:: tensor.numel() // 8].tolist()]
        golden[name] = {"size": size, **modes, "statistics": statistics}
        print(name, file=sys.stderr)
    json.dump(golden, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
