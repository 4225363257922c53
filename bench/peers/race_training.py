"""Trainings that race: a plain PyTorch loop that stops now and then, and the features of its encoder in between."""
import math
import time

import numpy
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset


def begin(config):
    """Make what follows a function of the seed, on as many threads as there are cores. Called before anything is built."""
    torch.set_num_threads(config["cores"])
    torch.manual_seed(config["seed"])


def pixels(config, split):
    """Return the images of a split, uint8 [images, size, size, 3]."""
    size = config["size"]
    return numpy.fromfile(config["splits"][split], dtype=numpy.uint8).reshape(-1, size, size, 3)


def warmup_cosine(config):
    """Return the learning rate by step and number of steps: sslx's linear warm-up, and a cosine from there to 0."""
    def rate(step, per_epoch, steps):
        warmup = round(config["warmup_epochs"] * per_epoch)
        if step <= warmup:
            return config["lr"] * step / warmup
        return config["lr"] * (1 + math.cos(math.pi * (step - warmup - 1) / max(1, steps - warmup))) / 2

    return rate


class Views(Dataset):
    """The views of images, which a transform makes of PIL images as it does of torchvision's CIFAR10."""

    def __init__(self, images, transform):
        self.images, self.transform = images, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.transform(Image.fromarray(self.images[i]))


class Training:
    """The training of an encoder and its projector. criterion(z0, z1) is the loss of the embeddings of two views, each of
    which goes through the network by itself; rate(step, per_epoch, steps) is the learning rate of a step, which counts
    from 1; mean and std normalize the images whose features are wanted, as the transform does its views."""

    def __init__(self, config, transform, encoder, projector, criterion, optimizer, batch, epochs, rate, mean, std):
        self.config, self.encoder, self.mean, self.std = config, encoder, mean, std
        self.model = torch.nn.Sequential(encoder, projector)
        self.criterion, self.optimizer, self.rate = criterion, optimizer, rate
        self.batch, self.epochs = batch, epochs

        images = pixels(config, "train")
        self.per_epoch = len(images) // batch
        self.loader = DataLoader(
            Views(images, transform), batch, shuffle=True, drop_last=True, num_workers=config["cores"],
            persistent_workers=True, multiprocessing_context="fork")
        self.done, self.left = 0, self.steps()

    def steps(self):
        """Make a step at a time."""
        for _ in range(self.epochs):
            for views in self.loader:
                self.done += 1
                for group in self.optimizer.param_groups:
                    group["lr"] = self.rate(self.done, self.per_epoch, self.per_epoch * self.epochs)

                loss = self.criterion(*(self.model(view) for view in views))
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                yield loss.item()

    def train(self, seconds):
        """Train for about so long, and say where the training stands."""
        start = time.perf_counter()
        for loss in self.left:
            if not math.isfinite(loss):
                raise ArithmeticError(f"the loss is {loss} after step {self.done}")
            if time.perf_counter() - start >= seconds:
                break
        return {"images": self.done * self.batch, "epoch": self.done / self.per_epoch,
                "finished": self.done == self.per_epoch * self.epochs}

    @torch.inference_mode()
    def embed(self, path):
        """Write the features of all training images and then of all test images, float32 [images, width]."""
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        self.encoder.eval()
        with open(path, "wb") as file:
            for split in ("train", "test"):
                for images in torch.from_numpy(pixels(self.config, split)).split(500):
                    x = (images.permute(0, 3, 1, 2) / 255 - mean) / std  # [images, 3, size, size]
                    features = self.encoder(x)  # [images, width]
                    features.numpy().tofile(file)
        self.encoder.train()
        return {"width": features.shape[1]}
