"""Features of images in bytes in PyTorch, in evaluation mode: channels last, eager or compiled, whichever is faster
here."""
from protocol import fastest, serve, version


def build(config):
    import torch
    from torch_network import convnet, resnet18

    torch.set_num_threads(config["cores"])
    encoder, dim = {"convnet": convnet, "resnet18": resnet18}[config["encoder"]](config["width"])
    assert dim == config["dim"], f"the features have {dim} numbers, and sslx's {config['dim']}"
    encoder = encoder.eval().to(memory_format=torch.channels_last)
    mean, std = (torch.tensor(config[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
    shape = config["batch"], config["size"], config["size"], 3
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8).permute(0, 3, 1, 2)  # channels last in memory

    def features(pixels):
        return encoder((pixels.float() / 255 - mean) / std)

    def way(features):
        def run(n):
            with torch.inference_mode():
                for _ in range(n):
                    features(pixels).numpy()

        return run

    name, run = fastest([("eager", lambda: way(features)), ("torch.compile", lambda: way(torch.compile(features)))])
    return {"version": version("torch"), "note": f"channels last, {name}, {config['cores']} threads"}, run


if __name__ == "__main__":
    serve(build)
