"""Writes parity.json, what other packages say about the features of probe's parity tests.

    python -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 torch==2.15.0 lightly==1.6.0 \
        lightning==2.6.6 loguru==0.7.3
    venv/bin/pip install --no-deps stable-pretraining==0.1.8
    venv/bin/python parity.py > parity.json
"""

import importlib.util
import json
import sys
import types

import numpy as np
import torch
from lightly.utils.benchmarking.knn import knn_predict
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

TRAIN, VAL, TEST, D, CLASSES = 240, 90, 90, 8, 3
K, TEMPERATURE = 20, 0.07
FEW = 30  # images of the few-shot probe, the first of train
VIEWS = 4  # of an image, consecutive rows
SGD_EPOCHS = 20


def feature(i, j):
    """The same integers as parityFeature in parity_test.go: exact in both languages."""
    noise = (i * i * 31 + i * 7919 + j * 104729 + i * j * 613) % 1009
    return noise / 504.5 - 1 + ((i % CLASSES * 5 + j * 3) % 7) / 7


x = np.array([[feature(i, j) for j in range(D)] for i in range(TRAIN + VAL + TEST)], np.float32)
y = np.arange(len(x)) % CLASSES
train, val, test = np.split(np.arange(len(x)), [TRAIN, TRAIN + VAL])
x64 = x.astype(np.float64)


def standardised(rows):
    return StandardScaler().fit(x64[rows]).transform(x64)


# kNN
votes = KNeighborsClassifier(
    K, metric="cosine", algorithm="brute", weights=lambda d: np.exp((1 - d) / TEMPERATURE)
).fit(x64[train], y[train])
unit = torch.nn.functional.normalize(torch.tensor(x), dim=1)
lightly_votes = knn_predict(unit[test], unit[train].T, torch.tensor(y[train]), CLASSES, K, TEMPERATURE)[:, 0]

# Linear probe, and few-shot probe at the default C of 1
z = standardised(train)


def fit(rows, l2):
    return LogisticRegression(C=1 / (l2 * len(rows)), tol=1e-12, max_iter=100000).fit(z[rows], y[rows])


grid = [10 ** (1 - i * 6 / 9) for i in range(10)]
accuracy = [fit(train, l2).score(z[val], y[val]) for l2 in grid]
chosen = grid[int(np.argmax(accuracy))]
final = fit(np.concatenate([train, val]), chosen)

few = train[:FEW]
z_few = standardised(few)
few_shot = LogisticRegression(tol=1e-12, max_iter=100000).fit(z_few[few], y[few])


# SGD: fewer images than 256 are a single batch, so that no order matters
def sgd():
    inputs, labels = torch.tensor(z[train]), torch.tensor(y[train])
    layer = torch.nn.Linear(D, CLASSES, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), 0.1 * TRAIN / 256, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, SGD_EPOCHS)
    losses, accuracies = [], []
    for _ in range(SGD_EPOCHS):
        optimizer.zero_grad()
        logits = layer(inputs)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        losses.append(loss.item())
        accuracies.append((logits.argmax(1) == labels).double().mean().item())
        loss.backward()
        optimizer.step()
        schedule.step()
    return losses, accuracies, layer(torch.tensor(z[test])).argmax(1).tolist()


sgd_loss, sgd_accuracy, sgd_predicted = sgd()


# RankMe and LiDAR of stable-pretraining, whose other modules, which ask for far more packages, are left out
root = importlib.util.find_spec("stable_pretraining").submodule_search_locations[0]
for package, path in [("stable_pretraining", root), ("stable_pretraining.callbacks", root + "/callbacks")]:
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [path]
for module, names in [("utils", ["log_header", "resolve_verbose"]), ("queue", ["find_or_create_queue_callback"])]:
    stub = types.ModuleType(module)
    for each in names:
        setattr(stub, each, lambda *_, **__: None)
    sys.modules["stable_pretraining.callbacks." + module] = stub
RankMe = importlib.import_module("stable_pretraining.callbacks.rankme").RankMe
LiDAR = importlib.import_module("stable_pretraining.callbacks.lidar").LiDAR


def their_rankme(rows):
    monitor = RankMe("rankme", "h", len(rows), D)
    monitor._target_queue = types.SimpleNamespace(data=torch.tensor(x64[rows]))
    logged = {}
    module = types.SimpleNamespace(log=lambda name, value: logged.update({name: value}))
    monitor.on_validation_batch_end(types.SimpleNamespace(global_rank=0), module, {}, {}, 0)
    return logged["rankme"]


def their_lidar(rows):
    monitor = LiDAR("lidar", "h", len(rows), D, len(rows) // VIEWS, VIEWS)
    return monitor._compute_lidar(torch.tensor(x64[rows]))["lidar"]


singular = np.linalg.svd(x64[train], compute_uv=False)
p = singular / singular.sum() + 1e-7


# CKA by the centred Gram matrices of images
def gram(features):
    centring = np.eye(len(features)) - 1 / len(features)
    return centring @ features @ features.T @ centring


def cka(a, b):
    k, m = gram(a), gram(b)
    return float(np.sum(k * m) / np.sqrt(np.sum(k * k) * np.sum(m * m)))


squares = (x[:, :5] * x[:, :5]).astype(np.float64)

golden = {
    "knn_predicted": votes.predict(x64[test]).tolist(),
    "knn_lightly": lightly_votes.tolist(),
    "validation_accuracy": accuracy,
    "l2": chosen,
    "coefficients": final.coef_.ravel().tolist(),
    "intercept": (final.intercept_ - final.intercept_.mean()).tolist(),
    "linear_predicted": final.predict(z[test]).tolist(),
    "few_predicted": few_shot.predict(z_few[test]).tolist(),
    "few_coefficients": few_shot.coef_.ravel().tolist(),
    "sgd_loss": sgd_loss,
    "sgd_accuracy": sgd_accuracy,
    "sgd_predicted": sgd_predicted,
    "rankme": float(np.exp(-(p * np.log(p)).sum())),
    "rankme_stable_pretraining": their_rankme(train),
    "lidar_stable_pretraining": [their_lidar(train), their_lidar(train[: 5 * VIEWS])],
    "cka": [cka(x64[rows], squares[rows]) for rows in (train, train[:6])],
}
lines = [f' "{name}": {json.dumps(value)}' for name, value in golden.items()]
print("{\n" + ",\n".join(lines) + "\n}")
