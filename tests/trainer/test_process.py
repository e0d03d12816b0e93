"""What a process is prepared by."""

from __future__ import annotations

import torch

from arctic_training.trainer.process import seed_everything


def test_a_seed_may_be_any_number() -> None:
    """A number that is too large for a library's generator seeds it all the same."""
    drawn = []
    for seed in (10**30, 10**30, 10**30 + 1):
        seed_everything(seed)
        drawn.append(torch.rand(()).item())
    assert drawn[0] == drawn[1] != drawn[2]
