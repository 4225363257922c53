"""solo-learn's transform for CIFAR-10 with the values of its scripts, and its SimCLR loss, with the network,
size of views, batch, optimizer and schedule of sslx's race."""
from protocol import serve_race, version


def build(config):
    import solo_learn

    loss, prepare_transform, prepare_n_crop_transform = solo_learn.parts()
    from race_training import Training, begin, warmup_cosine
    from torch_network import network, optimizer

    begin(config)
    view = prepare_transform("cifar10", brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2, gaussian_prob=0.0,
                             crop_size=config["view_size"])
    encoder, projector = network(config)
    training = Training(
        config, prepare_n_crop_transform([view], num_crops_per_aug=[config["views"]]), encoder, projector,
        lambda a, b: loss(a, b, config["temperature"]), optimizer(config, encoder, projector), config["batch"],
        config["epochs"], warmup_cosine(config), config["mean"], config["std"])
    return {"version": version("solo-learn"), "note": f"its transform and loss, our {config['encoder']}, batch "
            f"{config['batch']}, {config['epochs']} epochs; PyTorch {version('torch')}, eager, {config['cores']} "
            f"workers, {config['cores']} threads"}, training


if __name__ == "__main__":
    serve_race(build)
