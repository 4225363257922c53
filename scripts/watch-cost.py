#!/usr/bin/env python3
"""What `sslx runs watch` costs. It needs nothing but Python.

  scripts/watch-cost.py speed SSLX [EPOCHS]   trains four times, watched, not, not, watched: some five minutes
  scripts/watch-cost.py many SSLX [RUNS]      serves a thousand runs, and asks as the page does when it opens

SSLX is the program. `speed` prints the images a second of each turn and the ratio of watched to not watched; the page
is stood for by its own requests at its own rate. `many` prints the time to the first answer and to all runs, and the
most memory that the server had.
"""
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request


class Watcher:
    """A server of a folder, and the requests of a page that shows it."""

    def __init__(self, program, folder):
        self.server = subprocess.Popen([program, "runs", "watch", folder], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        self.address, token = re.match(r"(http://[^/]+/)\?token=(\S+)", self.server.stdout.readline()).groups()
        answer = urllib.request.urlopen(self.address + "?token=" + token)
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        answer.read()
        self.requests, self.stopped = 1, threading.Event()

    def ask(self, path):
        self.requests += 1
        request = urllib.request.Request(self.address + path, headers={"Cookie": self.cookie})
        return urllib.request.urlopen(request).read()

    def poll(self):
        """Asks once a second for what has changed, and for the new lines of the log of the run that is shown."""
        version, at, details = 0, {"file": "", "offset": 0}, -1
        while not self.stopped.wait(1):
            answer = json.loads(self.ask(f"api/runs?since={version}"))
            version = answer["version"]
            for run in answer["runs"]:
                at = json.loads(self.ask(f"api/log?run={run['id']}&file={at['file']}&offset={at['offset']}"))
                if run["details"] != details:
                    details = run["details"]
                    self.ask("api/run?run=" + run["id"])

    def memory(self):
        """Returns the most memory that the server had, in MiB."""
        with open(f"/proc/{self.server.pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024

    def close(self):
        self.stopped.set()
        self.server.terminate()
        self.server.wait()


def lines(run):
    with open(os.path.join(run, "metrics.jsonl")) as log:
        return [json.loads(line) for line in log]


def rate(program, folder, epochs, watched):
    """Trains, and returns images a second from a fifth of the training on."""
    run = os.path.join(folder, "runs", "turn")
    os.makedirs(os.path.dirname(run))
    watcher = thread = None
    if watched:
        watcher = Watcher(program, os.path.dirname(run))
        thread = threading.Thread(target=watcher.poll)
        thread.start()
    subprocess.run([program, "pretrain", "--config", "quickstart", "--set", f"epochs={epochs}", "--out", run],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if watched:
        watcher.stopped.set()
        thread.join()
        watcher.close()
    log = lines(run)
    first = next(line for line in log if line["step"] >= log[-1]["step"] / 5)
    images = (log[-1]["images"] - first["images"]) / (log[-1]["seconds"] - first["seconds"])
    asked = f", {watcher.requests} requests" if watched else ""
    print(f"{'watched' if watched else 'not watched'}: {images:.1f} images/s{asked}", flush=True)
    shutil.rmtree(os.path.dirname(run))
    return images


def speed(program, epochs=1):
    folder = tempfile.mkdtemp()
    try:
        rates = {True: [], False: []}
        for watched in (True, False, False, True):
            rates[watched].append(rate(program, folder, epochs, watched))
        mean = {watched: math.sqrt(r[0] * r[1]) for watched, r in rates.items()}
        print(f"watched / not watched: {mean[True] / mean[False]:.3f}")
    finally:
        shutil.rmtree(folder)


def many(program, count=1000):
    folder = tempfile.mkdtemp()
    try:
        # One run of a moment, and copies of it, each with a log of a hundred lines.
        first = os.path.join(folder, "run-0000")
        subprocess.run([program, "pretrain", "--out", first, "--set", "epochs=1", "--set", "batch=4096", "--set",
                        "encoder.width=2", "--set", "projector=[8]"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        line = lines(first)[-1]
        with open(os.path.join(first, "metrics.jsonl"), "w") as log:
            for i in range(100):
                log.write(json.dumps({**line, "step": i + 1, "images": 100 * (i + 1), "seconds": i + 1.0}) + "\n")
        for i in range(1, count):
            shutil.copytree(first, os.path.join(folder, f"run-{i:04d}"))

        begun = time.time()
        watcher = Watcher(program, folder)
        for name in ("watch.css", "watch.js", "plot.js"):
            watcher.ask(name)
        answer = json.loads(watcher.ask("api/runs?since=0"))
        shown, found = time.time() - begun, len(answer["runs"])
        while answer["more"]:
            answer = json.loads(watcher.ask(f"api/runs?since={answer['version']}"))
            found += len(answer["runs"])
        print(f"{count} runs: the first answer after {shown:.2f} s, all {found} after {time.time() - begun:.2f} s, "
              f"{watcher.memory():.0f} MiB")
        watcher.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    commands = {"speed": speed, "many": many}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](os.path.abspath(sys.argv[2]), *(int(n) for n in sys.argv[3:4]))
