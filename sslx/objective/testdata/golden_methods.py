"""Writes golden_methods.json: values and gradients of other libraries' newer losses on the inputs of golden.json, in float64, for golden_test.go.

    pip install torch==2.15.0
    pip download --no-deps lightly==1.6.0 solo-learn==1.0.2
    python golden_methods.py lightly-1.6.0-py3-none-any.whl solo_learn-1.0.2-py3-none-any.whl

The loss files are read out of the wheels; they need torch only.
"""

import json
import pathlib
import sys
import types
import zipfile

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
LIGHTLY, SOLO = (zipfile.ZipFile(path) for path in sys.argv[1:3])
HERE = pathlib.Path(__file__).parent


def module(wheel, name):
    """A module of a wheel. What it imports of its own package is loaded with it."""
    if name not in sys.modules:
        made = sys.modules[name] = types.ModuleType(name)
        path = name.replace(".", "/")
        if f"{path}.py" not in wheel.namelist():
            made.__path__ = []  # a package, without what it imports
            return made
        for parent in [name.rsplit(".", i)[0] for i in range(name.count("."), 0, -1)]:
            module(wheel, parent)
        for line in wheel.read(f"{path}.py").decode().splitlines():
            words = line.split()
            if words[:1] == ["from"] and words[1].startswith(name.split(".")[0] + "."):
                parent = module(wheel, words[1])
                for imported in " ".join(words[3:]).split(", "):
                    imported = imported.split(" as ")[0]
                    if not hasattr(parent, imported):
                        setattr(parent, imported, module(wheel, f"{words[1]}.{imported}"))
        exec(wheel.read(f"{path}.py").decode(), made.__dict__)
    return sys.modules[name]


inputs = json.loads((HERE / "golden.json").read_text())
inputs = {name: [torch.tensor(v) for v in inputs[name]] for name in ("embeddings", "predictions", "targets", "queue")}
N, DIM = inputs["embeddings"][0].shape
torch.manual_seed(21)
draw = lambda rows, columns: (torch.randn(rows, columns) * 64).round() / 64
PROTOTYPES, SLICES = 7, 6
directions = F.normalize(draw(SLICES, DIM), dim=1).float().double()
prototypes, target_prototypes, state = draw(PROTOTYPES, DIM), draw(PROTOTYPES, DIM), draw(1, PROTOTYPES)
queue = inputs["queue"][0]
entries = []


def record(peer, config, loss, by="embeddings", views=2):
    leaves = [x.clone().requires_grad_() for x in inputs[by][:views]]
    value = loss(*leaves)
    value.backward()
    gradient = [float(f"{g:.8g}") for leaf in leaves for g in leaf.grad.flatten().tolist()]
    entries.append({"peer": peer, "config": config, "views": views, "scale": 1, "value": value.item(),
                    "gradient": gradient})


def scores(x, to=prototypes):
    return F.normalize(x, dim=1) @ F.normalize(to, dim=1).T


# LeJEPA: lightly draws directions; these are given. Its window is float32, which is below the tolerance.
lejepa = module(LIGHTLY, "lightly.loss.lejepa_loss")
lejepa.SIGReg._generate_unit_vectors = lambda *_: directions.T
for weight, views, wide in ((0.05, 2, 2), (0.3, 3, 3), (0.05, 3, 2)):
    loss = lejepa.LeJEPALoss(weight)
    config = {"name": "lejepa", "lambda": weight, "slices": SLICES, "points": 17, "range": 3, "times_samples": True,
              "pooled": False, "global_views": 0 if views == wide else wide}

    def of_views(*z):
        if views > wide:
            return loss(local_proj=torch.stack(z[wide:]), global_proj=torch.stack(z[:wide]))
        z = torch.stack(z)  # all are global: its own two terms
        return weight * loss.sigreg(z) + (1 - weight) * lejepa.lejepa_invariance_loss(all_proj=z, global_proj=z)

    record("lightly LeJEPALoss", config, of_views, views=views)

# EMP-SSL: lightly's coding rate has the other sign.
emp = module(LIGHTLY, "lightly.loss.emp_ssl_loss")
for views in (2, 3):
    record("lightly tcr_loss and invariance_loss", {"name": "empssl", "similarity": 200, "epsilon": 0.2},
           lambda *z: 200 * emp.invariance_loss(F.normalize(torch.stack(z), dim=-1))
           - emp.tcr_loss(F.normalize(torch.stack(z), dim=-1), 0.2), views=views)

# SwAV.
swav = module(LIGHTLY, "lightly.loss.swav_loss").SwaVLoss(0.1, 3, 0.05)
config = {"name": "swav", "temperature": 0.1, "prototypes": PROTOTYPES, "epsilon": 0.05, "iterations": 3,
          "assigned_views": 2, "queue": 0}
record("lightly SwaVLoss", config, lambda a, b: swav([scores(a), scores(b)], [])[0])
record("lightly SwaVLoss with a small crop", config, lambda a, b, c: swav([scores(a), scores(b)], [scores(c)])[0], views=3)
record("lightly SwaVLoss with a queue", config | {"queue": len(queue)},
       lambda a, b: swav([scores(a), scores(b)], [], [scores(queue)] * 2)[0])
codes = module(LIGHTLY, "lightly.loss.swav_loss").sinkhorn
solo_swav = module(SOLO, "solo.losses.swav").swav_loss_func
record("solo-learn swav_loss_func", config,
       lambda a, b: solo_swav([scores(a), scores(b)], [codes(scores(a)).detach(), codes(scores(b)).detach()], 0.1))

# DINO.
config = {"name": "dino", "temperature": 0.1, "teacher_temperature": 0.04, "center_momentum": 0.9,
          "prototypes": PROTOTYPES, "ema": 0.996, "teacher_views": 2}
teacher = [scores(t, target_prototypes) for t in inputs["targets"]]


def centered(loss, shape):
    loss.center = torch.nn.Parameter(state.reshape(shape), requires_grad=False)
    return loss


dino = module(LIGHTLY, "lightly.loss.dino_loss").DINOLoss
record("lightly DINOLoss", config,
       lambda a, b: centered(dino(PROTOTYPES), (1, 1, -1))(teacher, [scores(a), scores(b)], teacher_temp=0.04))


def solo_dino(a, b):
    loss = module(SOLO, "solo.losses.dino").DINOLoss(PROTOTYPES, 0.04, 0.04, 0, 1)
    del loss.center
    loss.center = state
    return loss(torch.cat((scores(a), scores(b))), torch.cat(teacher))


record("solo-learn DINOLoss", config, solo_dino)

# NNCLR and MoCo v3.
nnclr = module(SOLO, "solo.losses.nnclr").nnclr_loss_func
neighbors = [queue[(F.normalize(z, dim=1) @ queue.T).argmax(1)] for z in inputs["embeddings"]]
record("solo-learn nnclr_loss_func", {"name": "nnclr", "temperature": 0.2, "queue": len(queue)},
       lambda a, b: (nnclr(neighbors[0], b, 0.2) + nnclr(neighbors[1], a, 0.2)) / 2, by="predictions")


def mocov3(a, b):
    """Algorithm 1 of Chen, Xie and He 2021, with torch's cross entropy."""
    k = [F.normalize(t, dim=1) for t in inputs["targets"]]
    one = lambda q, k: F.cross_entropy(F.normalize(q, dim=1) @ k.T / 0.2, torch.arange(N)) * 2 * 0.2
    return one(a, k[1]) + one(b, k[0])


record("torch cross_entropy of MoCo v3", {"name": "mocov3", "temperature": 0.2, "ema": 0.99}, mocov3, by="predictions")

golden = {"source": f"torch {torch.__version__}, lightly 1.6.0, solo-learn 1.0.2", "directions": directions.tolist(),
          "prototypes": prototypes.tolist(), "target_prototypes": target_prototypes.tolist(), "state": state.tolist()}
text = json.dumps(golden)[:-1] + ', "entries": [\n' + ",\n".join(json.dumps(e) for e in entries) + "\n]}\n"
(HERE / "golden_methods.json").write_text(text)
