"""The encoders and the projector of sslx in PyTorch, and NT-Xent."""
import torch
import torch.nn.functional as F
from torch import nn


def conv_bn(channels, out, size, stride, relu=True):
    # An even kernel reaches one pixel further to the right and down, as sslx's does.
    layers = [nn.Conv2d(channels, out, size, stride, (size - 1) // 2, bias=False), nn.BatchNorm2d(out)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


class BasicBlock(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.body = nn.Sequential(conv_bn(channels, out, 3, stride), conv_bn(out, out, 3, 1, relu=False))
        same = stride == 1 and channels == out
        self.shortcut = nn.Identity() if same else conv_bn(channels, out, 1, stride, relu=False)

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


def convnet(width, features=None):
    layers = [conv_bn(3, width, 4, 2)]
    for _ in range(2):
        layers += [conv_bn(width, 2 * width, 3, 2), BasicBlock(2 * width, 2 * width, 1)]
        width *= 2
    features = features or 2 * width
    return nn.Sequential(*layers, conv_bn(width, features, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()), features


def resnet18(width):
    layers = [conv_bn(3, width, 3, 1), BasicBlock(width, width, 1), BasicBlock(width, width, 1)]
    for _ in range(3):
        layers += [BasicBlock(width, 2 * width, 2), BasicBlock(2 * width, 2 * width, 1)]
        width *= 2
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), width


def network(config):
    """Return encoder and projector of a configuration, after comparing their number of parameters with sslx's."""
    if config["encoder"] == "convnet":
        encoder, width = convnet(config["width"], config.get("features"))
    else:
        encoder, width = resnet18(config["width"])
    layers = []
    for out in config["projector"][:-1]:
        layers += [nn.Linear(width, out, bias=False), nn.BatchNorm1d(out), nn.ReLU(inplace=True)]
        width = out
    projector = nn.Sequential(*layers, nn.Linear(width, config["projector"][-1], bias=False))
    count = sum(p.numel() for p in [*encoder.parameters(), *projector.parameters()])
    assert count == config["parameters"], f"the network has {count} parameters, and sslx's {config['parameters']}"
    return encoder, projector


def optimizer(config, *modules):
    """Return SGD with momentum; scales and offsets are not decayed, as in sslx."""
    parameters = [p for module in modules for p in module.parameters()]
    groups = [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": config["weight_decay"]},
              {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0}]
    return torch.optim.SGD(groups, config["lr"], momentum=config["momentum"], fused=True)


def nt_xent(z, temperature):
    """Return the loss of [2n, dim], the second views after the first ones."""
    n = len(z) // 2
    z = F.normalize(z)
    logits = (z @ z.T / temperature).fill_diagonal_(float("-inf"))
    return F.cross_entropy(logits, torch.arange(2 * n, device=z.device).roll(n))
