"""Writes measures.json, what scikit-learn and NumPy say about the measures of probe's measures_test.go.

    python -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
    venv/bin/python measures.py > measures.json
"""

import json

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    adjusted_rand_score,
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    normalized_mutual_info_score,
    top_k_accuracy_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler, normalize

N, D, CLASSES, CLUSTERS = 300, 8, 9, 7
FIRST, LAST = 4, 100  # ranks that alpha-ReQ is fitted to


def feature(i, j):
    """The same integers as paritySplit in parity_test.go: exact in both languages."""
    noise = (i * i * 31 + i * 7919 + j * 104729 + i * j * 613) % 1009
    return noise / 504.5 - 1 + ((i % 3 * 5 + j * 3) % 7) / 7


def label(i):
    """Classes of unequal size, which the features know something of."""
    return (i % 3) * 3 + (i * i % 11) // 4


x = np.array([[feature(i, j) for j in range(D)] for i in range(N)], np.float32).astype(np.float64)
y = np.array([label(i) for i in range(N)])
train, test = np.arange(200), np.arange(200, N)
unit = normalize(x)

# kNN with so many neighbors that every class has a vote, and the logistic probe with one penalty
votes = KNeighborsClassifier(
    150, metric="cosine", algorithm="brute", weights=lambda d: np.exp((1 - d) / 0.07)
).fit(x[train], y[train])
scale = StandardScaler().fit(x[train])
probe = LogisticRegression(C=1 / (0.01 * len(train)), tol=1e-12, max_iter=100000).fit(scale.transform(x[train]), y[train])
predicted = probe.predict(scale.transform(x[test]))

# k-means from the first rows
kmeans = KMeans(CLUSTERS, init=unit[:CLUSTERS], n_init=1, algorithm="lloyd", tol=0, max_iter=300).fit(unit)

# Retrieval: every row against all others
precisions = []
for q in range(N):
    others = np.arange(N) != q
    relevant = y[others] == y[q]
    if relevant.any():
        precisions.append(average_precision_score(relevant, unit[others] @ unit[q]))

# The spectrum of 120 dimensions
wide = np.array([[feature(i, j) / (1 + j) ** 0.6 for j in range(120)] for i in range(N)], np.float32).astype(np.float64)
spectrum = np.sort(np.linalg.eigvalsh(np.cov(wide.T)))[::-1]
ranks = np.arange(FIRST, LAST + 1)
fit = LinearRegression().fit(np.log(ranks)[:, None], np.log(spectrum[ranks - 1]), sample_weight=1 / ranks)

golden = {
    "top5_knn": top_k_accuracy_score(y[test], votes.predict_proba(x[test]), k=5),
    "top5_linear": top_k_accuracy_score(y[test], probe.decision_function(scale.transform(x[test])), k=5),
    "predicted": predicted.tolist(),
    "balanced": balanced_accuracy_score(y[test], predicted),
    "confusion": confusion_matrix(y[test], predicted, labels=range(CLASSES)).tolist(),
    "clusters": kmeans.labels_.tolist(),
    "inertia": kmeans.inertia_,
    "nmi": normalized_mutual_info_score(y, kmeans.labels_),
    "ari": adjusted_rand_score(y, kmeans.labels_),
    "map": float(np.mean(precisions)),
    "alpha_req": -fit.coef_[0],
}
lines = [f' "{name}": {json.dumps(value)}' for name, value in golden.items()]
print("{\n" + ",\n".join(lines) + "\n}")
