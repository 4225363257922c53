"""What every peer shares. It is started with --config JSON, prints "ready JSON" once it is warm, and then answers each
line "run N" on standard input with the seconds that N units of work took."""
import importlib.metadata
import json
import os
import sys
import time


def opened(build):
    """Return the stream of answers and what build(config) returned. A missing module ends the program."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    try:
        return out, build(json.loads(sys.argv[sys.argv.index("--config") + 1]))
    except ModuleNotFoundError as error:
        print("missing", error.name, file=out)
        sys.exit()


def serve(build):
    """Serve build(config), which returns what describes the peer (a dict with "version") and run(n)."""
    out, (about, run) = opened(build)
    run(1)
    print("ready", json.dumps(about), file=out)
    for line in sys.stdin:
        n = int(line.split()[1])
        start = time.perf_counter()
        run(n)
        print(time.perf_counter() - start, file=out)


def serve_race(build):
    """Serve build(config), which returns what describes the peer and a training of race_training. A line "train SECONDS"
    is answered with where the training stands after about so many seconds more, and "embed FILE" with the width of the
    features that the file then has."""
    out, (about, training) = opened(build)
    print("ready", json.dumps(about), file=out)
    for line in sys.stdin:
        verb, argument = line.rstrip("\n").split(maxsplit=1)
        answer = training.train(float(argument)) if verb == "train" else training.embed(argument)
        print(json.dumps(answer), file=out)


def version(package):
    return importlib.metadata.version(package)


def fastest(ways, rounds=3):
    """Return the name and run(n) of the fastest of several ways (name, make) to do the same work, by the best of some
    rounds that alternate. A way that does not work here is left out."""
    runs, failure = {}, None
    for name, make in ways:
        try:
            run = make()
            run(1)
            runs[name] = run
        except Exception as error:  # whatever a compiler may raise
            print(f"{name} does not work here: {error!r}", file=sys.stderr)
            failure = error
    if not runs:
        raise failure
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(1)
            best[name] = min(best[name], time.perf_counter() - start)
    name = min(best, key=best.get)
    return name, runs[name]
