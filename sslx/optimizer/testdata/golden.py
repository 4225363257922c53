"""Writes golden.json: the weights after each step of torch.optim in float64, for golden_test.go.

    python -m venv v && v/bin/pip install torch==2.15.0 && v/bin/python golden.py
"""
import json
import pathlib

import torch

STEPS = 6
torch.manual_seed(3)
start = torch.randn(3, 4, dtype=torch.float64)
gradients = torch.randn(STEPS, 3, 4, dtype=torch.float64) * torch.logspace(-3, 1, STEPS, dtype=torch.float64)[:, None, None]


def weights(make):
    w = torch.nn.Parameter(start.clone())
    optimizer = make([w])
    after = []
    for g in gradients:
        w.grad = g.clone()
        optimizer.step()
        after.append(w.detach().flatten().tolist())
    return after


golden = {
    "source": f"torch {torch.__version__}",
    "start": start.flatten().tolist(),
    "gradients": [g.flatten().tolist() for g in gradients],
    "after": {
        "sgd": weights(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05)),
        "adamw": weights(lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.05)),
    },
}
pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(golden) + "\n")
