"""A training loop in PyTorch: views from a loader, eager steps, a line of log now and then."""
import json
import tempfile

import torch

import images
from torch_network import network, optimizer


def training(config, transform, criterion):
    """Return run(n). The transform makes the views of a PIL image, and criterion(z0, z1) is the loss. Each view goes
    through the network by itself, as in the examples of the libraries that are measured here."""
    torch.set_num_threads(config["cores"])
    model = torch.nn.Sequential(*network(config))
    descent = optimizer(config, model)
    load = images.loader_of(config, images.pil_dataset(config, transform), config["batch"])
    log = tempfile.TemporaryFile("w")

    def run(n):
        total = 0.0
        for step, (views, _) in enumerate(load(n * config["log_steps"]), 1):
            loss = criterion(*(model(view) for view in views))
            descent.zero_grad()
            loss.backward()
            descent.step()
            total += loss.item()
            if step % config["log_steps"] == 0:
                print(json.dumps({"loss": total / config["log_steps"]}), file=log, flush=True)
                total = 0.0

    return run
