"""Exports networks of torchvision and timm, with the weights of golden.py, as ONNX by both of PyTorch's exporters and as
safetensors, and writes what PyTorch computes with them, in evaluation mode and float64:

    v/bin/python exports.py FOLDER

FOLDER/expected.json is {FILE: {"size": ..., "features": [[...], ...]}} for the images FOLDER/images-SIZE, bytes
[4, size, size, 3], which are normalized by mean 0.5 and standard deviation 0.25.
"""
import json
import os
import sys
import warnings

import torch
from safetensors.torch import save_file

from golden import fill, resnet, uniform, vit

# The older exporter (by tracing) writes opset 13 to 20, the newer one (torch.export) 18 and later. Attention as one
# operation cannot be traced for opset 13.
NETWORKS = {
    "resnet18": (lambda: resnet("resnet18"), 64, range(13, 21), range(18, 21)),
    "resnet50": (lambda: resnet("resnet50"), 64, (13, 20), (18,)),
    "vit-tiny": (vit, 32, range(13, 21), range(18, 21)),
}


def images(size):
    """Four images in bytes, [4, 3, size, size]."""
    return torch.from_numpy((uniform("images", 4 * 3 * size * size) * 256).astype("uint8").reshape(4, 3, size, size))


def trace(model, x, path, opset):
    for module in model.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = opset > 13
    torch.onnx.export(model, (x,), path, opset_version=opset, input_names=["image"], output_names=["features"],
                      dynamic_axes={"image": {0: "n"}, "features": {0: "n"}}, dynamo=False)


def export(model, x, path, opset):
    torch.onnx.export(model, (x,), path, opset_version=opset, input_names=["image"], output_names=["features"],
                      dynamic_shapes=({0: torch.export.Dim("n")},), dynamo=True, verbose=False)


def main(folder):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    expected = {}
    for name, (make, size, traced, exported) in NETWORKS.items():
        model = fill(make()).eval()
        pixels = images(size)
        with open(os.path.join(folder, f"images-{size}"), "wb") as out:
            out.write(pixels.permute(0, 2, 3, 1).contiguous().numpy().tobytes())
        x = (pixels.double() / 255 - 0.5) / 0.25
        with torch.no_grad():
            y = model.double()(x)
        want = {"size": size, "features": [[float(f"{v:.7g}") for v in row] for row in y.tolist()]}
        model.float()
        x = x.float()

        save_file(model.state_dict(), os.path.join(folder, f"{name}.safetensors"))
        expected[f"{name}.safetensors"] = want
        for kind, write, opsets in ("traced", trace, traced), ("exported", export, exported):
            for opset in opsets:
                file = f"{name}-{kind}-{opset}.onnx"
                write(model, x, os.path.join(folder, file), opset)
                expected[file] = want
                print(file, file=sys.stderr)
    with open(os.path.join(folder, "expected.json"), "w") as out:
        json.dump(expected, out)


if __name__ == "__main__":
    main(sys.argv[1])
