"""Views by kornia: batched augmentations on the CPU."""
import images as shared
from protocol import fastest, serve, version


def build(config):
    import kornia.augmentation as K
    import torch

    torch.set_num_threads(config["cores"])
    size, batch = config["size"], config["batch"]
    pixels = torch.from_numpy(shared.random_images(config)).permute(0, 3, 1, 2).contiguous()

    def way(cropping):
        pipeline = torch.nn.Sequential(
            K.RandomResizedCrop((size, size), scale=(config["crop_scale"], 1), cropping_mode=cropping),
            K.RandomHorizontalFlip(config["flip"]),
            K.ColorJitter(*config["jitter"], p=config["jitter_probability"]),
            K.RandomGrayscale(p=config["gray"]),
            K.Normalize(torch.tensor(config["mean"]), torch.tensor(config["std"])),
        )

        @torch.no_grad()
        def run(n):
            for _ in range(n):
                chosen = pixels[torch.randint(len(pixels), (batch,))].float() / 255
                for _ in range(config["views"]):
                    pipeline(chosen)

        return run

    name, run = fastest([(mode, lambda mode=mode: way(mode)) for mode in ("resample", "slice")])
    return {"version": version("kornia"), "note": f"batched, cropping_mode {name}, {config['cores']} threads"}, run


if __name__ == "__main__":
    serve(build)
