"""Writes golden.json: values and gradients of lightly's and solo-learn's losses on fixed inputs, in float64, for golden_test.go.

    pip install torch==2.15.0 lightly==1.6.0
    pip download --no-deps solo-learn==1.0.2
    python golden.py solo_learn-1.0.2-py3-none-any.whl

solo-learn pins torch 1.9.1, so that its loss files are read out of the wheel; they need torch only.
"""

import json
import pathlib
import sys
import types
import zipfile
from importlib.metadata import version

import torch
import torch.nn.functional as F
from lightly.loss import (BarlowTwinsLoss, DCLLoss, DCLWLoss, NegativeCosineSimilarity, NTXentLoss, VICRegLoss)

N, DIM, QUEUE, CLASSES = 8, 16, 5, 3
WHEEL = zipfile.ZipFile(sys.argv[1])


def solo(name):
    module = types.ModuleType(name)
    exec(WHEEL.read(f"solo/losses/{name}.py").decode(), module.__dict__)
    return getattr(module, f"{name}_loss_func"), module


torch.manual_seed(20)


def draw(rows, columns):
    """Normal numbers that are exact in float32 and short in JSON."""
    return (torch.randn(rows, columns, dtype=torch.float64) * 64).round() / 64


shared = draw(N, DIM)
inputs = {
    "embeddings": [shared + draw(N, DIM) for _ in range(3)],
    "predictions": [shared + draw(N, DIM) for _ in range(2)],
    "targets": [shared + draw(N, DIM) for _ in range(2)],
    "logits": [draw(N, CLASSES) for _ in range(2)],
    "queue": [F.normalize(draw(QUEUE, DIM), dim=1).float().double()],
}
labels = torch.arange(N) % CLASSES
z = inputs["embeddings"]
entries = []


def record(peer, config, loss, by, views=2, scale=1):
    """Adds loss(*by) and its gradients by the named inputs; embeddings are multiplied by scale first."""
    leaves = [(x * scale).clone().requires_grad_() for x in inputs[by][:views]]
    value = loss(*leaves)
    value.backward()
    gradient = [float(f"{g:.8g}") for leaf in leaves for g in leaf.grad.flatten().tolist()]
    entries.append({"peer": peer, "config": config, "views": views, "scale": scale, "value": value.item(),
                    "gradient": gradient})


def both(loss, other):
    """The mean of the two directions of a loss of one view and the other's target."""
    return lambda a, b: (loss(a, other[1]) + loss(b, other[0])) / 2


def with_bank(temperature):
    loss = NTXentLoss(temperature=temperature, memory_bank_size=(QUEUE, DIM))
    loss.memory_bank.bank = inputs["queue"][0].clone()
    loss.memory_bank.bank_ptr = torch.zeros(1, dtype=torch.long)

    def forward(query, key):
        bank = loss.memory_bank.bank.clone()
        value = loss(query, key)
        loss.memory_bank.bank = bank  # the keys enter it otherwise
        return value

    return forward


simclr, simclr_module = solo("simclr")
for temperature in (0.1, 0.5):
    config = {"name": "simclr", "temperature": temperature}
    record("lightly NTXentLoss", config, NTXentLoss(temperature), "embeddings")
    record("solo-learn simclr_loss_func", config, lambda a, b: simclr(a, b, temperature), "embeddings")


def three_views(a, b, c):
    same = torch.arange(3 * N)[:, None] % N == torch.arange(3 * N)[None, :] % N
    positive = same & ~torch.eye(3 * N, dtype=torch.bool)
    return simclr_module.manual_simclr_loss_func(torch.cat((a, b, c)), positive, ~same, 0.5)


record("solo-learn manual_simclr_loss_func", {"name": "simclr", "temperature": 0.5}, three_views, "embeddings", views=3)
record("lightly DCLLoss", {"name": "dcl", "temperature": 0.1}, DCLLoss(0.1), "embeddings")
record("lightly DCLWLoss", {"name": "dclw", "temperature": 0.1, "sigma": 0.5}, DCLWLoss(0.1, 0.5), "embeddings")

twice = labels.repeat(2)
same_label = (twice[:, None] == twice[None, :]) & ~torch.eye(2 * N, dtype=torch.bool)
record("solo-learn simclr_loss_func with extra_pos_mask", {"name": "supcon", "temperature": 0.1},
       lambda a, b: simclr(a, b, 0.1, same_label), "embeddings")

record("lightly VICRegLoss", {"name": "vicreg"}, VICRegLoss(), "embeddings", scale=0.5)
record("solo-learn vicreg_loss_func", {"name": "vicreg", "variance": 50}, solo("vicreg")[0], "embeddings", scale=0.5)

config = {"name": "barlow", "lambda": 0.0051, "scale": 1}
record("lightly BarlowTwinsLoss", config, BarlowTwinsLoss(0.0051), "embeddings", scale=64)
config = {"name": "barlow", "lambda": 0.0051, "scale": 0.1}


def solo_barlow(a, b):
    torch.set_default_dtype(torch.float64)  # it makes a BatchNorm1d
    value = solo("barlow")[0](a, b, 0.0051, 0.1)
    torch.set_default_dtype(torch.float32)
    return value


record("solo-learn barlow_loss_func", config, solo_barlow, "embeddings", scale=64)

byol = solo("byol")[0]
negative_cosine = NegativeCosineSimilarity()
record("solo-learn byol_loss_func", {"name": "byol"},
       lambda a, b: 2 * both(byol, inputs["targets"])(a, b), "predictions")
record("lightly NegativeCosineSimilarity", {"name": "simsiam"}, both(negative_cosine, z), "predictions")
record("solo-learn simsiam_loss_func", {"name": "simsiam"}, both(solo("simsiam")[0], z), "predictions")

moco = solo("moco")[0]
queue, keys = inputs["queue"][0].T, [F.normalize(k, dim=1) for k in inputs["targets"]]
record("lightly NTXentLoss with a memory bank", {"name": "moco", "temperature": 0.1, "queue": QUEUE},
       both(with_bank(0.1), inputs["targets"]), "embeddings")
record("solo-learn moco_loss_func", {"name": "moco", "temperature": 0.2, "queue": QUEUE},
       both(lambda q, k: moco(F.normalize(q, dim=1), k, queue, 0.2), keys), "embeddings")

record("torch cross_entropy", {"name": "supervised"},
       lambda a, b: F.cross_entropy(torch.cat((a, b)), twice), "logits")

golden = {"source": f"torch {torch.__version__}, lightly {version('lightly')}, solo-learn 1.0.2"}
golden |= {name: [v.tolist() for v in views] for name, views in inputs.items()}
golden |= {"labels": labels.tolist()}
head = json.dumps(golden)[:-1]
text = head + ', "entries": [\n' + ",\n".join(json.dumps(e) for e in entries) + "\n]}\n"
pathlib.Path(__file__).with_name("golden.json").write_text(text)
