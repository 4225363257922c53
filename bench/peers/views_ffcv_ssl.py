"""Views by FFCV-SSL's own compiled operations, called one after the other on images in memory, as its loader does."""
import os
import sys

import images as shared
from protocol import serve


def build(config):
    sys.path.insert(0, os.path.join(sys.prefix, "ffcv-ssl"))  # where bench/install puts it
    import numba
    import numpy
    from ffcv.pipeline.compiler import Compiler

    Compiler.set_num_threads(config["cores"])  # before the operations are compiled
    from ffcv.transforms.colorjitter import RandomColorJitter
    from ffcv.transforms.flip import RandomHorizontalFlip
    from ffcv.transforms.grayscale import RandomGrayscale
    from ffcv.transforms.normalize import NormalizeImage
    from ffcv.transforms.resized_crop import RandomResizedCrop

    size, batch, count = config["size"], config["batch"], config["images"]
    pixels = shared.random_images(config).reshape(count, -1)
    fields = numpy.zeros(count, [("mode", "<u1"), ("width", "<u2"), ("height", "<u2"), ("data_ptr", "<u8")])
    fields["mode"], fields["width"], fields["height"] = 1, size, size  # mode 1 is raw pixels
    fields["data_ptr"] = numpy.arange(count)

    @numba.njit(inline="always")
    def read(pointer, storage):
        return storage[pointer]

    decoder = RandomResizedCrop((size, size), scale=(config["crop_scale"], 1.0), ratio=(3 / 4, 4 / 3))
    decoder.memory_read = read
    mean, std = 255 * numpy.array(config["mean"]), 255 * numpy.array(config["std"])
    crop, flip, jitter, gray, normalize = (Compiler.compile(operation.generate_code()) for operation in (
        decoder,
        RandomHorizontalFlip(config["flip"]),
        RandomColorJitter(config["jitter_probability"], *config["jitter"]),
        RandomGrayscale(config["gray"]),
        NormalizeImage(mean, std, numpy.float32),
    ))
    random = numpy.random.default_rng(0)
    cropped, flipped = (numpy.empty((batch, size, size, 3), numpy.uint8) for _ in range(2))
    unused, order = numpy.empty((batch, 1), numpy.uint8), numpy.arange(batch)
    result = numpy.empty((batch, size, size, 3), numpy.float32)

    def run(n):
        for _ in range(n):
            chosen = random.integers(count, size=batch)
            for _ in range(config["views"]):
                x = flip(crop(chosen, (cropped, unused), fields, pixels), flipped)
                normalize(gray(jitter(x, None), None), result, order)

    return {"version": "6458e33", "note": f"numba operations, {config['cores']} threads"}, run


if __name__ == "__main__":
    serve(build)
