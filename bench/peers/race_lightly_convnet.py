"""lightly's transform for CIFAR-10 and its loss, with the network, size of views, batch, optimizer and
schedule of sslx's race."""
from protocol import serve_race, version


def build(config):
    from lightly.loss import NTXentLoss
    from lightly.transforms.simclr_transform import SimCLRTransform
    from lightly.transforms.utils import IMAGENET_NORMALIZE as statistics
    from race_training import Training, begin, warmup_cosine
    from torch_network import network, optimizer

    begin(config)
    encoder, projector = network(config)
    training = Training(
        config, SimCLRTransform(config["view_size"], cj_strength=0.5, gaussian_blur=0.0), encoder, projector,
        NTXentLoss(config["temperature"]), optimizer(config, encoder, projector), config["batch"], config["epochs"],
        warmup_cosine(config), statistics["mean"], statistics["std"])
    return {"version": version("lightly"), "note": f"its transform and loss, our {config['encoder']}, batch "
            f"{config['batch']}, {config['epochs']} epochs; PyTorch {version('torch')}, eager, {config['cores']} "
            f"workers, {config['cores']} threads"}, training


if __name__ == "__main__":
    serve_race(build)
