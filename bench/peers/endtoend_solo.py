"""Training with solo-learn: its CIFAR transform and its SimCLR loss. Its own loop needs releases of PyTorch and
Lightning that have no build for the Python of today, so a plain loop stands in for it."""
from protocol import serve, version


def build(config):
    import solo_learn

    loss, prepare_transform, prepare_n_crop_transform = solo_learn.parts()
    from torch_training import training

    brightness, contrast, saturation, hue = config["jitter"]
    view = prepare_transform(
        "cifar10", brightness=brightness, contrast=contrast, saturation=saturation, hue=hue,
        color_jitter_prob=config["jitter_probability"], gray_scale_prob=config["gray"],
        horizontal_flip_prob=config["flip"], gaussian_prob=0.0, min_scale=config["crop_scale"],
        crop_size=config["size"])
    transform = prepare_n_crop_transform([view], num_crops_per_aug=[config["views"]])
    run = training(config, transform, lambda a, b: loss(a, b, config["temperature"]))
    return {"version": version("solo-learn"),
            "note": f"its transform and loss, eager, {config['cores']} workers, {config['cores']} threads"}, run


if __name__ == "__main__":
    serve(build)
