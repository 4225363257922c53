"""torchvision's ImageFolder with one worker process a core: files are decoded by Pillow, resized, and end as bytes in
batches in the main process."""
from protocol import serve, version


def build(config):
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    torch.set_num_threads(1)
    size = config["size"]
    steps = [transforms.Resize(size), transforms.CenterCrop(size)] if size else []
    data = datasets.ImageFolder(config["folder"], transforms.Compose(steps + [transforms.PILToTensor()]),
                                is_valid_file=lambda path: True)
    loader = DataLoader(data, 64, num_workers=config["cores"], persistent_workers=True, multiprocessing_context="fork")

    def run(n):
        for _ in range(n):
            count = sum(len(images) for images, _ in loader)
            assert count == config["files"], f"{count} of {config['files']} images were read"

    note = f"ImageFolder, Pillow {version('pillow')}, {config['cores']} workers"
    return {"version": version("torchvision"), "note": note}, run


if __name__ == "__main__":
    serve(build)
