"""What a process is prepared by."""

from __future__ import annotations

import pytest
import torch
from deepspeed.accelerator.cpu_accelerator import CPU_Accelerator

from arctic_training.core.mesh import Mesh
from arctic_training.core.seeding import seed_everything
from arctic_training.engines.deepspeed.process_group import start_process_group
from arctic_training.errors import TrainingError


def test_a_seed_may_be_any_number() -> None:
    """A number that is too large for a library's generator seeds it all the same."""
    drawn = []
    for seed in (10**30, 10**30, 10**30 + 1):
        seed_everything(seed)
        drawn.append(torch.rand(()).item())
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_rank_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """More processes than visible GPUs are named, with the variable that hides GPUs."""
    monkeypatch.setenv("LOCAL_RANK", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(TrainingError) as raised:
        start_process_group(Mesh())
    said = "LOCAL_RANK is 2, but 2 GPUs can be used here (CUDA_VISIBLE_DEVICES=0,1)"
    assert raised.value.message == said


def test_a_device_without_float64_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is prepared, with the variable that chooses the CPU."""
    monkeypatch.setattr(CPU_Accelerator, "device_name", lambda _self: "mps")
    with pytest.raises(TrainingError, match="MPS is not supported") as raised:
        start_process_group(Mesh())
    assert "DS_ACCELERATOR=cpu" in raised.value.hint
