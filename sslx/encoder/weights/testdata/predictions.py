"""Writes what PyTorch predicts for the 10,000 test images of CIFAR-10 with the ResNet-20 of
github.com/akamaster/pytorch_resnet_cifar10, one digit an image.

    python -m venv v && v/bin/pip install torch==2.15.0 numpy==2.4.6 pillow==13.0.0 safetensors==0.8.0
    v/bin/python predictions.py resnet20-cifar10.safetensors cifar10.tar.gz > resnet20-cifar10.txt

The archive has the images as test/CLASS/NAME.png; they are taken in the order of class and name.
"""
import io
import sys
import tarfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file


def forward(w, x):
    def conv_norm(x, conv, norm, stride):
        y = F.conv2d(x, w[conv + ".weight"], stride=stride, padding=1)
        n = [w[f"{norm}.{k}"] for k in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(y, *n)

    x = conv_norm(x, "conv1", "bn1", 1).relu()
    for stage in (1, 2, 3):
        for block in range(3):
            name = f"layer{stage}.{block}."
            stride = 2 if stage > 1 and block == 0 else 1
            y = conv_norm(x, name + "conv1", name + "bn1", stride).relu()
            y = conv_norm(y, name + "conv2", name + "bn2", 1)
            if stride == 2:  # option A
                more = x.shape[1] // 2
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, more))
            x = (x + y).relu()
    return F.linear(x.mean((2, 3)), w["linear.weight"], w["linear.bias"])


def main():
    torch.set_num_threads(1)
    weights = load_file(sys.argv[1])
    images = {}
    with tarfile.open(sys.argv[2]) as tar:
        for member in tar:
            *_, split, label, name = ["", ""] + member.name.split("/")
            if split == "test" and name.endswith(".png"):
                images[label, name] = Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB")
    classes = sorted({label for label, _ in images})
    labels = torch.tensor([classes.index(label) for label, _ in sorted(images)])
    x = torch.stack([torch.from_numpy(np.array(images[k])) for k in sorted(images)]).permute(0, 3, 1, 2) / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (x - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    with torch.no_grad():
        predicted = torch.cat([forward(weights, b).argmax(1) for b in x.split(500)])
    print(f"{(predicted == labels).float().mean():.4f} right", file=sys.stderr)
    digits = "".join(map(str, predicted.tolist()))
    for i in range(0, len(digits), 100):
        print(digits[i:i + 100])


main()
