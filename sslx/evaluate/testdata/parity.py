"""Writes parity.json, what scikit-learn and NumPy say about the features of evaluate's parity tests.

    python -m venv venv && venv/bin/pip install scikit-learn==1.7.2 numpy==2.3.4 scipy==1.17.1
    venv/bin/python parity.py > parity.json
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

TRAIN, VAL, TEST, D, CLASSES = 240, 90, 90, 8, 3
K, TEMPERATURE = 20, 0.07


def feature(i, j):
    """The same integers as parityFeature in parity_test.go: exact in both languages."""
    noise = (i * i * 31 + i * 7919 + j * 104729 + i * j * 613) % 1009
    return noise / 504.5 - 1 + ((i % CLASSES * 5 + j * 3) % 7) / 7


x = np.array([[feature(i, j) for j in range(D)] for i in range(TRAIN + VAL + TEST)], np.float32)
y = np.arange(len(x)) % CLASSES
train, val, test = np.split(np.arange(len(x)), [TRAIN, TRAIN + VAL])

votes = KNeighborsClassifier(
    K, metric="cosine", algorithm="brute", weights=lambda d: np.exp((1 - d) / TEMPERATURE)
).fit(x[train].astype(np.float64), y[train])

z = StandardScaler().fit(x[train].astype(np.float64)).transform(x.astype(np.float64))


def fit(rows, l2):
    return LogisticRegression(C=1 / (l2 * len(rows)), tol=1e-12, max_iter=100000).fit(z[rows], y[rows])


grid = [10 ** (1 - i * 6 / 9) for i in range(10)]
accuracy = [fit(train, l2).score(z[val], y[val]) for l2 in grid]
chosen = grid[int(np.argmax(accuracy))]
final = fit(np.concatenate([train, val]), chosen)

singular = np.linalg.svd(x[train].astype(np.float64), compute_uv=False)
p = singular / singular.sum() + 1e-7

print(json.dumps({
    "knn_predicted": votes.predict(x[test].astype(np.float64)).tolist(),
    "validation_accuracy": accuracy,
    "l2": chosen,
    "coefficients": final.coef_.ravel().tolist(),
    "intercept": (final.intercept_ - final.intercept_.mean()).tolist(),
    "linear_predicted": final.predict(z[test]).tolist(),
    "rankme": float(np.exp(-(p * np.log(p)).sum())),
}, indent=1))
