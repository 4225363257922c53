"""Training with lightly: its SimCLR transform and its loss in a plain PyTorch loop, as in its documentation
(https://docs.lightly.ai/examples/simclr.html)."""
from protocol import serve, version


def build(config):
    from lightly.loss import NTXentLoss
    from lightly.transforms.simclr_transform import SimCLRTransform
    from torch_training import training

    brightness, contrast, saturation, hue = config["jitter"]
    transform = SimCLRTransform(
        config["size"], cj_prob=config["jitter_probability"], cj_bright=brightness, cj_contrast=contrast,
        cj_sat=saturation, cj_hue=hue, min_scale=config["crop_scale"], random_gray_scale=config["gray"],
        gaussian_blur=0, hf_prob=config["flip"], normalize={"mean": config["mean"], "std": config["std"]})
    run = training(config, transform, NTXentLoss(config["temperature"]))
    return {"version": version("lightly"), "note": f"eager, {config['cores']} workers, {config['cores']} threads"}, run


if __name__ == "__main__":
    serve(build)
