#!/usr/bin/env python3
"""Measures `sslx data import` against a pass of torchvision's ImageFolder with two workers over the same files, in turns
of one after the other. Run by hand on an idle machine, in an environment of
    pip install torch==2.15.0 torchvision==0.29.2 pillow==13.0.0 pillow-heif==1.8.1 numpy==2.4.6

    scripts/import-speed.py SSLX FOLDER

SSLX is the command, FOLDER an empty folder for the files. It prints one table, in three or four minutes. Both sides end with images of the size asked for: sslx in a
checksummed pack on disk, torchvision in tensors of bytes. Times leave out the start of programs and workers. Seconds of CPU
are given as well, ours with the start of the program: on a machine that others load, their ratio says more.
"""
import argparse, json, os, resource, shutil, statistics, subprocess, time
import numpy as np
import pillow_heif
import torch
from PIL import Image
from torchvision import datasets, transforms

pillow_heif.register_heif_opener()
rng = np.random.default_rng(3)


def natural(h, w):
    f = np.sqrt(np.add.outer(np.fft.fftfreq(h) ** 2, np.fft.fftfreq(w) ** 2))
    f[0, 0] = 1 / max(h, w)
    a = np.dstack([np.real(np.fft.ifft2(np.fft.fft2(rng.normal(size=(h, w))) / f ** 1.3)) for _ in range(3)])
    a = a @ np.array([[1, .25, .1], [.9, -.1, -.2], [.9, -.25, .2]]).T
    return Image.fromarray(np.clip((a - a.mean()) / a.std() * 45 + 120, 0, 255).astype(np.uint8))


# name, ending, height, width, files, size to be brought to (0: as they are), arguments of Pillow
SETS = [
    ("JPEG 400x533 to 64", "jpg", 400, 533, 1200, 64, dict(quality=88, subsampling=2)),
    ("JPEG 400x533 to 224", "jpg", 400, 533, 400, 224, dict(quality=88, subsampling=2)),
    ("JPEG 64x64", "jpg", 64, 64, 4000, 0, dict(quality=90, subsampling=2)),
    ("JPEG progressive 400x533 to 64", "jpg", 400, 533, 300, 64, dict(quality=88, progressive=True)),
    ("PNG 32x32", "png", 32, 32, 6000, 0, {}),
    ("PNG 400x533 to 64", "png", 400, 533, 200, 64, {}),
    ("WebP 400x533 to 64", "webp", 400, 533, 200, 64, dict(quality=85)),
    ("GIF 400x533 to 64", "gif", 400, 533, 200, 64, {}),
    ("BMP 400x533 to 64", "bmp", 400, 533, 200, 64, {}),
    ("TIFF (LZW) 400x533 to 64", "tif", 400, 533, 200, 64, dict(compression="tiff_lzw")),
    ("AVIF 400x533 to 64", "avif", 400, 533, 60, 64, dict(quality=75)),
    ("HEIC 400x533 to 64", "heic", 400, 533, 60, 64, dict(quality=75)),
]


def make(folder, ending, h, w, n, args):
    os.makedirs(os.path.join(folder, "a"))
    pictures = [natural(h, w) for _ in range(min(n, 20))]
    for i in range(n):
        path = os.path.join(folder, "a", f"{i:05}.{ending}")
        if i < len(pictures):
            pictures[i].save(path, **args)
        else:
            shutil.copy(os.path.join(folder, "a", f"{i % len(pictures):05}.{ending}"), path)


def ours(sslx, folder, size):
    cache = folder + "-cache"
    shutil.rmtree(cache, ignore_errors=True)
    command = [sslx, "data", "import", folder, "--json", "--name", "x"] + (["--size", str(size)] if size else [])
    before = children()
    out = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, SSLX_CACHE=cache))
    if out.returncode:
        raise SystemExit(out.stderr)
    shutil.rmtree(cache, ignore_errors=True)
    return json.loads(out.stdout)["elapsed_ns"] / 1e9, children() - before


def children():
    """Seconds of CPU of the processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def workers(loader):
    """Seconds of CPU of this process and of a loader's workers."""
    total = time.process_time()
    for worker in getattr(loader._iterator, "_workers", []):
        with open(f"/proc/{worker.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def main():
    p = argparse.ArgumentParser()
    p.add_argument("sslx")
    p.add_argument("folder")
    p.add_argument("--turns", type=int, default=3)
    p.add_argument("--share", type=float, default=1, help="of the number of files")
    a = p.parse_args()
    torch.set_num_threads(1)
    print("| files | sslx, images/s | ImageFolder, images/s | ratio of the medians | least and largest of a turn | "
          "ratio of images a second of CPU |\n|---|--:|--:|--:|--:|--:|")
    for name, ending, h, w, n, size, args in SETS:
        folder = os.path.join(a.folder, name.replace(" ", "-").replace("(", "").replace(")", ""))
        n = max(int(n * a.share), 20)
        make(folder, ending, h, w, n, args)
        steps = [transforms.Resize(size), transforms.CenterCrop(size)] if size else []
        data = datasets.ImageFolder(folder, transforms.Compose(steps + [transforms.PILToTensor()]),
                                    is_valid_file=lambda path: True)
        loader = torch.utils.data.DataLoader(data, batch_size=32, num_workers=2, persistent_workers=True)
        mine, theirs, cpu = [], [], []
        for turn in range(a.turns + 1):  # the first warms up
            t, mine_cpu = ours(a.sslx, folder, size)
            before = workers(loader) if turn else 0
            start = time.perf_counter()
            count = sum(len(x) for x, _ in loader)
            took = time.perf_counter() - start
            assert count == n
            if turn:
                mine.append(n / t)
                theirs.append(n / took)
                cpu.append((workers(loader) - before) / mine_cpu)
        ratios = [x / y for x, y in zip(mine, theirs)]
        m, o = statistics.median(mine), statistics.median(theirs)
        print(f"| {name} | {m:.0f} | {o:.0f} | {m / o:.2f} | {min(ratios):.2f} to {max(ratios):.2f} | "
              f"{statistics.median(cpu):.2f} |", flush=True)
        del loader
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
