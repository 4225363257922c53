"""Images and loaders that several peers share."""
import numpy


def random_images(config):
    """Return uint8 [images, size, size, 3]; what is in them does not change the work."""
    shape = (config["images"], config["size"], config["size"], 3)
    return numpy.random.default_rng(0).integers(0, 256, shape, dtype=numpy.uint8)


def loader_of(config, dataset, batch):
    """Return load(n), which yields n random batches of a dataset from one worker process a core. Nothing is loaded
    ahead of the call or left over after it."""
    import torch
    from torch.utils.data import DataLoader, Sampler

    class Draws(Sampler):
        count = 0

        def __iter__(self):
            return iter(torch.randint(len(dataset), (self.count,)).tolist())

        def __len__(self):
            return self.count

    draws = Draws()
    loader = DataLoader(dataset, batch, sampler=draws, num_workers=config["cores"], persistent_workers=True,
                        multiprocessing_context="fork", drop_last=True)

    def load(n):
        draws.count = n * batch
        return iter(loader)

    return load


def pil_dataset(config, transform):
    """Return a dataset of random images and labels that gives its images to the transform as torchvision's CIFAR10
    does."""
    import torch
    from PIL import Image

    pixels = random_images(config)

    class Images(torch.utils.data.Dataset):
        def __len__(self):
            return len(pixels)

        def __getitem__(self, i):
            return transform(Image.fromarray(pixels[i])), 0

    return Images()
