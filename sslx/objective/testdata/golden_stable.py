"""Writes golden_stable.json: values and gradients of stable-pretraining's losses, in float64, for golden_test.go.

The inputs are those of golden.json and golden_methods.json.

    pip install torch==2.15.0
    pip download --no-deps stable-pretraining==0.1.8
    python golden_stable.py stable_pretraining-0.1.8-py3-none-any.whl

Its modules are imported from the wheel. What else they ask for, networks above all, is left out; they need torch only.
"""

import importlib
import json
import pathlib
import sys
import types
from unittest import mock

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.Tensor.float = torch.Tensor.double  # SwAV and DINO ask for float32
HERE = pathlib.Path(__file__).parent


class LeftOut(types.ModuleType):
    """A module that is not imported: each of its names is an empty class."""

    def __getattr__(self, _):
        return object


for name in ("loguru", "timm", "transformers", "transformers.utils", "stable_pretraining", "stable_pretraining.methods",
             "stable_pretraining.utils", "stable_pretraining.backbone", "stable_pretraining.backbone.patch_masking",
             "stable_pretraining.callbacks", "stable_pretraining.callbacks.queues"):
    sys.modules[name] = LeftOut(name)
    sys.modules[name].__path__ = [f"{sys.argv[1]}/{name.replace('.', '/')}"]  # so that the modules in it are found

theirs = lambda name: importlib.import_module(f"stable_pretraining.{name}")
vars(sys.modules["stable_pretraining.utils"]).update(vars(theirs("utils.distributed")))  # gathers, here of one process
losses, joint = theirs("losses"), theirs("losses.joint_embedding")

golden = json.loads((HERE / "golden.json").read_text())
inputs = {name: [torch.tensor(v) for v in golden[name]] for name in ("embeddings", "predictions", "targets", "queue")}
methods = json.loads((HERE / "golden_methods.json").read_text())
directions, prototypes, target_prototypes, state = (
    torch.tensor(methods[name]) for name in ("directions", "prototypes", "target_prototypes", "state"))
z, targets, queue = inputs["embeddings"], inputs["targets"], inputs["queue"][0]
N, DIM = z[0].shape
entries = []


def record(peer, config, loss, by="embeddings", views=2, scale=1):
    """Adds loss(*by) and its gradients by the named inputs; embeddings are multiplied by scale first."""
    leaves = [(x * scale).clone().requires_grad_() for x in inputs[by][:views]]
    value = loss(*leaves)
    value.backward()
    gradient = [float(f"{g:.8g}") for leaf in leaves for g in leaf.grad.flatten().tolist()]
    entries.append({"peer": f"stable-pretraining {peer}", "config": config, "views": views, "scale": scale,
                    "value": value.item(), "gradient": gradient})


# The losses of embeddings.
for temperature in (0.1, 0.5):
    record("NTXEntLoss", {"name": "simclr", "temperature": temperature}, losses.NTXEntLoss(temperature))
record("VICRegLoss", {"name": "vicreg"}, losses.VICRegLoss(), scale=0.5)

with mock.patch.object(joint, "get_world_size", lambda: (N - 1) / N):  # which N is multiplied by: the divisor is N-1
    record("BarlowTwinsLoss with the divisor N-1", {"name": "barlow", "lambda": 0.0051, "scale": 1},
           losses.BarlowTwinsLoss(0.0051), scale=64)

# LeJEPA draws directions; these are given.
lejepa = theirs("methods.lejepa")
for weight, views, wide in ((0.02, 2, 2), (0.3, 3, 3), (0.02, 3, 2)):
    config = {"name": "lejepa", "lambda": weight / (1 + weight), "slices": len(directions), "points": 17, "range": 3,
              "times_samples": True, "pooled": True, "global_views": 0 if views == wide else wide}
    sigreg = lejepa.SlicedEppsPulley(len(directions))
    with mock.patch("torch.randn", lambda *_, **__: directions.T):
        record("LeJEPA", config,
               lambda *views: lejepa.LeJEPA._compute_loss(torch.stack(views), wide, sigreg, weight)[0] / (1 + weight),
               views=views)


# Methods whose networks are replaced by their outputs, so that views are paired as they do.
def same(x):
    return x


def giving(outputs, of=z[:2]):
    """A network that gives outputs[v] for view v."""
    return lambda x: next(y for view, y in zip(of, outputs) if view is x)


def twins(student, teacher=same):
    return types.SimpleNamespace(forward_student=student, forward_teacher=teacher)


def loss_of(method, *views, crops=None, **networks):
    return method.forward(types.SimpleNamespace(**networks), *views, **crops or {}).loss


def with_target(method, **more):
    return lambda *predictions: loss_of(method, *z[:2], backbone=twins(same), projector=twins(same, giving(targets)),
                                        predictor=giving(predictions), **more)


byol = with_target(theirs("methods.byol").BYOL, byol_loss=losses.BYOLLoss())
mocov3 = with_target(theirs("methods.mocov3").MoCov3, temperature=0.2)
record("BYOL", {"name": "byol"}, lambda *p: 2 * byol(*p), by="predictions")
record("MoCov3", {"name": "mocov3", "temperature": 0.2, "ema": 0.99}, lambda *p: 4 * 0.2 * mocov3(*p), by="predictions")
record("SimSiam", {"name": "simsiam"},
       lambda *p: loss_of(theirs("methods.simsiam").SimSiam, *z[:2], backbone=same, projector=same, predictor=giving(p)),
       by="predictions")


def moco(*views):
    """The mean of both directions, with the queue as it is given."""
    fixed = types.SimpleNamespace(append=lambda keys: queue)
    one = lambda *pair: loss_of(theirs("methods.mocov2").MoCov2, *pair, backbone=twins(same), queue=fixed, temperature=0.2,
                                projector=twins(same, giving(targets, of=views)))
    return (one(*views) + one(*views[::-1])) / 2


record("MoCov2", {"name": "moco", "temperature": 0.2, "queue": len(queue)}, moco)

# NNCLR's formula, by the loss of one direction.
neighbors = [queue[(F.normalize(x, dim=1) @ queue.T).argmax(1)] for x in z]
info_nce = joint.InfoNCELoss(0.2)
record("InfoNCELoss of neighbors", {"name": "nnclr", "temperature": 0.2, "queue": len(queue)},
       lambda a, b: (info_nce(neighbors[0], b, torch.arange(N)) + info_nce(neighbors[1], a, torch.arange(N))) / 2,
       by="predictions")


# SwAV and DINO, of two large crops, and of two and a small one.
def large_and_small(views):
    return {"global_views": views[:2], "local_views": views[2:]}


def swav(*views):
    layer = torch.nn.Linear(DIM, len(prototypes), bias=False)
    layer.weight.data = prototypes.clone()
    return loss_of(theirs("methods.swav").SwAV, crops=large_and_small(views), backbone=same, projector=same,
                   prototypes=layer, swav_loss=losses.SwAVLoss(0.1, 3, 0.05))


def scores(x, to=prototypes):
    return F.normalize(x, dim=1) @ F.normalize(to, dim=1).T


def dino(*views):
    loss = losses.DINOv1Loss(0.1)
    loss.center = state
    return loss_of(theirs("methods.dino").DINO, crops=large_and_small(views),
                   backbone=twins(same, lambda _: torch.cat(targets)),
                   projector=twins(scores, lambda x: scores(x, target_prototypes)), dino_loss=loss, _teacher_temperature=lambda: 0.04)


for views in (2, 3):
    record("SwAV", {"name": "swav", "temperature": 0.1, "prototypes": len(prototypes), "epsilon": 0.05, "iterations": 3,
                    "assigned_views": 0, "queue": 0}, swav, views=views)
    record("DINO", {"name": "dino", "temperature": 0.1, "teacher_temperature": 0.04, "center_momentum": 0.9,
                    "prototypes": len(prototypes), "ema": 0.996, "teacher_views": 2}, dino, views=views)

text = json.dumps({"source": f"torch {torch.__version__}, stable-pretraining 0.1.8"})[:-1]
text += ', "entries": [\n' + ",\n".join(json.dumps(e) for e in entries) + "\n]}\n"
(HERE / "golden_stable.json").write_text(text)
