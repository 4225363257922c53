"""Views by torchvision v2: transforms an image, in a DataLoader with one worker process a core."""
import images as shared
from protocol import fastest, serve, version


def build(config):
    import torch
    from PIL import Image
    from torchvision.transforms import v2

    size, views = config["size"], config["views"]
    pixels = shared.random_images(config)
    jitter = v2.ColorJitter(*config["jitter"])
    operations = [
        v2.RandomResizedCrop(size, scale=(config["crop_scale"], 1), antialias=True),
        v2.RandomHorizontalFlip(config["flip"]),
        v2.RandomApply([jitter], config["jitter_probability"]),
        v2.RandomGrayscale(config["gray"]),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(config["mean"], config["std"]),
    ]

    class Views(torch.utils.data.Dataset):
        def __init__(self, image, transform):
            self.image, self.transform = image, transform

        def __len__(self):
            return len(pixels)

        def __getitem__(self, i):
            image = self.image(i)
            return [self.transform(image) for _ in range(views)]

    def way(image, transform):
        load = shared.loader_of(config, Views(image, v2.Compose(transform)), config["batch"])

        def run(n):
            for _ in load(n):
                pass

        return run

    tensors = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    name, run = fastest([
        ("uint8 tensors", lambda: way(lambda i: tensors[i], operations)),
        ("PIL images", lambda: way(lambda i: Image.fromarray(pixels[i]),
                                   [*operations[:4], v2.ToImage(), *operations[4:]])),
    ])
    about = {"version": version("torchvision"), "note": f"v2, {name}, {config['cores']} workers",
             "multiple": config["cores"]}
    return about, run


if __name__ == "__main__":
    serve(build)
