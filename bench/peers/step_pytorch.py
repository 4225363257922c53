"""The training step in PyTorch: channels last, eager or compiled, whichever is faster here."""
from protocol import fastest, serve, version


def build(config):
    import torch
    from torch_network import network, nt_xent, optimizer

    torch.set_num_threads(config["cores"])
    device = torch.device(config.get("device", "cpu"))
    torch.backends.cuda.matmul.allow_tf32 = True  # as XLA does, and as PyTorch's convolutions do
    encoder, projector = network(config)
    model = torch.nn.Sequential(encoder, projector).to(device, memory_format=torch.channels_last)
    descent = optimizer(config, model)
    size, precision = config["size"], config.get("precision", "float32")
    views = torch.randn(config["views"] * config["batch"], 3, size, size).to(device, memory_format=torch.channels_last)

    def loss_of(x):
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            z = model(x)
        return nt_xent(z.float(), config["temperature"])

    def way(loss_of):
        def run(n):
            for _ in range(n):
                descent.zero_grad(set_to_none=True)
                loss = loss_of(views)
                loss.backward()
                descent.step()
                loss.item()

        return run

    name, run = fastest([("eager", lambda: way(loss_of)), ("torch.compile", lambda: way(torch.compile(loss_of)))])
    on = f"{config['cores']} threads" if device.type == "cpu" else torch.cuda.get_device_name()
    return {"version": version("torch"), "note": f"channels last, {name}, {precision}, {on}"}, run


if __name__ == "__main__":
    serve(build)
