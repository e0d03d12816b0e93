"""Learning-rate schedules of resumed runs."""

from __future__ import annotations

from collections.abc import Callable

from torch.optim.lr_scheduler import LambdaLR, LRScheduler

__all__ = ["replanned", "restore_learning_rates"]


def replanned(create: Callable[[], LRScheduler], scheduler: LRScheduler) -> LRScheduler:
    """Return a schedule made for another horizon, at the step of the one that it replaces."""
    groups, rates = scheduler.optimizer.param_groups, scheduler.get_last_lr()
    replacing = create()
    replacing.load_state_dict(scheduler.state_dict())
    for group, rate in zip(groups, rates, strict=True):
        group["lr"] = rate
    restore_learning_rates(replacing)
    return replacing


def restore_learning_rates(scheduler: LRScheduler) -> None:
    """Give a schedule that was loaded the learning rates that it has at its step.

    Those that were saved are of the schedule of that time, which may have had another horizon.
    """
    if not isinstance(scheduler, LambdaLR):
        return
    groups = scheduler.optimizer.param_groups
    for group, base, factor in zip(groups, scheduler.base_lrs, scheduler.lr_lambdas, strict=True):
        group["lr"] = base * factor(scheduler.last_epoch)
    scheduler._last_lr = [group["lr"] for group in groups]  # noqa: SLF001 - what `step` keeps
