"""What is used of solo-learn."""
import sys
import types


def parts():
    """Return its SimCLR loss and the two functions that prepare a transform."""
    # It imports a schedule from a package that it pins with old releases of PyTorch and Lightning; none is used here.
    schedule = types.ModuleType("pl_bolts.optimizers.lr_scheduler")
    schedule.LinearWarmupCosineAnnealingLR = None
    for name in ("pl_bolts", "pl_bolts.optimizers"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules[schedule.__name__] = schedule
    from solo.losses.simclr import simclr_loss_func
    from solo.utils.pretrain_dataloader import prepare_n_crop_transform, prepare_transform

    return simclr_loss_func, prepare_transform, prepare_n_crop_transform
