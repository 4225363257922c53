"""Views by kornia: batched augmentations on the CPU."""
import images as shared
from protocol import fastest, serve, version


def build(config):
    import kornia.augmentation as K
    import torch

    torch.set_num_threads(config["cores"])
    size, batch = config["size"], config["batch"]
    device = torch.device(config.get("device", "cpu"))
    pixels = torch.from_numpy(shared.random_images(config)).permute(0, 3, 1, 2).contiguous().to(device)

    def way(cropping):
        pipeline = torch.nn.Sequential(
            K.RandomResizedCrop((size, size), scale=(config["crop_scale"], 1), cropping_mode=cropping),
            K.RandomHorizontalFlip(config["flip"]),
            K.ColorJitter(*config["jitter"], p=config["jitter_probability"]),
            K.RandomGrayscale(p=config["gray"]),
            K.Normalize(torch.tensor(config["mean"]), torch.tensor(config["std"])),
        ).to(device)

        @torch.no_grad()
        def run(n):
            for _ in range(n):
                chosen = pixels[torch.randint(len(pixels), (batch,), device=device)].float() / 255
                for _ in range(config["views"]):
                    pipeline(chosen)
            if device.type == "cuda":
                torch.cuda.synchronize()

        return run

    name, run = fastest([(mode, lambda mode=mode: way(mode)) for mode in ("resample", "slice")])
    on = f"{config['cores']} threads" if device.type == "cpu" else torch.cuda.get_device_name()
    return {"version": version("kornia"), "note": f"batched, cropping_mode {name}, {on}"}, run


if __name__ == "__main__":
    serve(build)
