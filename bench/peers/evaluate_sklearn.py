"""kNN and logistic regression by scikit-learn, on the features of the same file."""
from protocol import fastest, serve, version


def build(config):
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler, normalize

    n, m, width = config["train"], config["test"], config["width"]
    data = np.fromfile(config["features"], dtype=np.float32, count=(n + m) * width)
    labels = np.fromfile(config["features"], dtype=np.int32, offset=4 * data.size)
    train, test = data[: n * width].reshape(n, width), data[n * width:].reshape(m, width)
    train_labels, test_labels = labels[:n], labels[n:]
    predicted = {}

    def cosine():
        knn = KNeighborsClassifier(20, weights=lambda d: np.exp((1 - d) / 0.07), algorithm="brute", metric="cosine",
                                   n_jobs=config["cores"])
        predicted["classes"] = knn.fit(train, train_labels).predict(test)

    def euclidean():  # of rows of length 1: the same order, d² = 2 - 2 cos
        knn = KNeighborsClassifier(20, weights=lambda d: np.exp((1 - d * d / 2) / 0.07), algorithm="brute",
                                   n_jobs=config["cores"])
        predicted["classes"] = knn.fit(normalize(train), train_labels).predict(normalize(test))

    def logistic():
        scale = StandardScaler().fit(train)
        probe = LogisticRegression(C=1 / (config["l2"] * n), max_iter=1000)
        predicted["classes"] = probe.fit(scale.transform(train), train_labels).predict(scale.transform(test))

    def repeated(once):
        def run(k):
            for _ in range(k):
                once()
        return run

    if config["protocol"] == "knn":
        name, run = fastest([("cosine", lambda: repeated(cosine)), ("rows of length 1", lambda: repeated(euclidean))], rounds=1)
        name = f"KNeighborsClassifier, brute, {name}"
    else:
        name, run = "LogisticRegression, lbfgs, tol 1e-4", repeated(logistic)
    run(1)
    accuracy = float(np.mean(predicted["classes"] == test_labels))
    return {"version": version("scikit-learn"), "note": f"{name}; accuracy {accuracy:.4f}"}, run


if __name__ == "__main__":
    serve(build)
