"""Compares files that `sslx runs export` or package weights has written with PyTorch and onnxruntime: reads a JSON
object from standard input, {"images": [n, c, h, w] flat, "shape": [...], "files": {PATH: {"model": NAME or null,
"features": [...]}}}, and fails when features differ by more than 1e-4 of the largest.

    v/bin/python roundtrip.py < request.json
"""
import json
import sys

import numpy as np
import onnxruntime
import timm
import torch
import torchvision
from safetensors import safe_open
from safetensors.torch import load_file


def features(path, model, images):
    if path.endswith(".onnx"):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return session.run(["features"], {"image": images})[0]
    if model.startswith("resnet"):
        net = getattr(torchvision.models, model)(weights=None)
        net.fc = torch.nn.Identity()
    else:
        name, patch, size, *mean = model.split("/")
        other = {"class_token": False, "global_pool": "avg"} if mean else {}
        net = timm.create_model(name, pretrained=False, patch_size=int(patch), img_size=int(size), num_classes=0, **other)
    net.load_state_dict(load_file(path), strict=True)
    with safe_open(path, "pt") as f:
        assert json.loads(f.metadata()["input_size"])[0] == images.shape[1]
    with torch.no_grad():
        return net.eval()(torch.from_numpy(images)).numpy()


def main():
    torch.set_num_threads(1)
    request = json.load(sys.stdin)
    images = np.array(request["images"], dtype=np.float32).reshape(request["shape"])
    worst = 0
    for path, file in request["files"].items():
        want = np.array(file["features"], dtype=np.float32)
        got = features(path, file["model"], images)
        assert got.size == want.size, f"{path}: shape {got.shape}"
        error = float(np.abs(got.reshape(-1) - want).max() / np.abs(want).max())
        print(f"{path.rsplit('/')[-1]}: {error:.1e}")
        worst = max(worst, error)
    sys.exit(0 if worst <= 1e-4 else "features differ")


main()
