"""Writes statistics.json, what SciPy says of the tests in golden_test.go.

    python -m venv venv && venv/bin/pip install scipy==1.17.1 numpy==2.4.6
    venv/bin/python statistics.py > statistics.json
"""

import itertools
import json

import numpy as np
from scipy import optimize, stats

rng = np.random.default_rng(0)


def paired(a, b, level):
    test = stats.ttest_rel(a, b)
    low, high = test.confidence_interval(level)
    d = np.asarray(a) - np.asarray(b)
    again = stats.t.interval(level, len(d) - 1, loc=d.mean(), scale=stats.sem(d))
    assert np.allclose([low, high], again, rtol=1e-12)
    return {"differences": d.tolist(), "level": level, "mean": d.mean(), "sd": d.std(ddof=1), "low": low, "high": high,
            "p": test.pvalue}


def holm(p):
    """Adjusted p-values from the definition, as the closed test of all intersections, each by Bonferroni."""
    tests = [i for i, v in enumerate(p) if v is not None]
    adjusted = [None] * len(p)
    for i in tests:
        families = [f for r in range(1, len(tests) + 1) for f in itertools.combinations(tests, r) if i in f]
        adjusted[i] = max(min(1, len(f) * min(p[j] for j in f)) for f in families)
    return {"p": p, "adjusted": adjusted}


def power(n, level, noncentrality):
    c = stats.t.ppf((1 + level) / 2, n - 1)
    other = stats.nct.cdf(-c, n - 1, noncentrality)
    if np.isnan(other):  # SciPy 1.17.1 gives NaN far out in this tail, which the normal tail bounds
        assert stats.norm.cdf(-noncentrality) < 1e-9
        other = 0
    return stats.nct.sf(c, n - 1, noncentrality) + other


def smallest_effect(sd, n, level, wanted):
    top = 2.0
    while power(n, level, top) < wanted:
        top *= 2
    root = optimize.brentq(lambda nc: power(n, level, nc) - wanted, 0, top, xtol=1e-13, rtol=1e-13)
    return {"sd": sd, "n": n, "level": level, "power": wanted, "effect": root * sd / np.sqrt(n)}


def kendall(a, b):
    return {"a": list(map(float, a)), "b": list(map(float, b)), "tau": stats.kendalltau(a, b, variant="b").statistic}


def bootstrap(a, b, level):
    """The percentile interval over all n**n equally likely draws with a defined tau-b, not a sample of them."""
    a, b = np.array(a, float), np.array(b, float)
    draws = [list(d) for d in itertools.product(range(len(a)), repeat=len(a))]
    taus = [stats.kendalltau(a[d], b[d]).statistic for d in draws if len(set(a[d])) > 1 and len(set(b[d])) > 1]
    low, high = np.quantile(taus, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return {"a": a.tolist(), "b": b.tolist(), "level": level, "low": low, "high": high}


cases = {
    "paired": [
        paired(60 + shift + rng.normal(0, sd, n), 60 + rng.normal(0, sd, n), level)
        for n in (2, 3, 5, 10, 30)
        for shift, sd in ((0, 0.8), (2, 0.8), (5, 0.1))
        for level in (0.5, 0.9, 0.95, 0.99, 0.999)
    ],
    "holm": [
        holm([0.01]),
        holm([0.01, 0.04, 0.03, 0.005]),
        holm([0.04, 0.02, 0.02, 0.9, 0.6]),
        holm([0.03, None, 0.01, None, 0.02]),
        holm([None, None]),
        *(holm((rng.random(m) ** 3).tolist()) for m in (3, 6, 9)),
    ],
    "power": [
        {"n": n, "level": level, "noncentrality": nc, "power": power(n, level, nc)}
        for n in (2, 3, 5, 10, 30, 100, 1000)
        for level in (0.5, 0.9, 0.95, 0.99)
        for nc in (0.0, 0.5, 2.0, 3.5, 8.0)
    ],
    "smallest_effect": [
        smallest_effect(sd, n, level, wanted)
        for sd, n in ((1, 2), (0.8, 3), (0.8, 5), (1.13, 10), (2, 30), (1, 100), (1, 1000))
        for level in (0.9, 0.95, 0.99)
        for wanted in (0.5, 0.8, 0.9, 0.99)
    ],
    "kendall": [
        kendall([1, 2, 3, 4], [1, 2, 3, 4]),
        kendall([1, 2, 3, 4], [4, 3, 2, 1]),
        kendall([1, 2, 2, 3], [1, 1, 2, 3]),
        kendall([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]),
        kendall([1, 1, 1, 2], [3, 1, 2, 2]),
        *(kendall(rng.integers(0, n, n), rng.integers(0, n, n)) for n in (6, 10, 50)),
        *(kendall(rng.normal(size=n), rng.normal(size=n)) for n in (7, 40)),
    ],
    "bootstrap": [
        bootstrap([1, 2, 3, 4, 5], [2, 1, 3, 5, 4], 0.9),
        bootstrap([1, 2, 2, 3, 4], [1, 3, 2, 2, 5], 0.6),
        bootstrap([70.1, 71.5, 69.2, 73.0], [55.0, 58.1, 54.2, 53.9], 0.6),
    ],
}
print("{" + ",".join(
    f'\n"{name}": [\n' + ",\n".join(json.dumps(case) for case in rows) + "\n]" for name, rows in cases.items()
) + "\n}")
