"""The random numbers of a checkpoint."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.core.random_state import (
    load_random_numbers,
    random_numbers,
    save_random_numbers,
    set_random_numbers,
)
from arctic_training.core.seeding import seed_everything


def _draw() -> list[float]:
    return [
        *[random.random(), random.gauss(), float(random.getrandbits(64))],  # noqa: S311
        *np.random.standard_normal(3).tolist(),  # noqa: NPY002 - the global generator
        *torch.randn(3, dtype=torch.float64).tolist(),
    ]


@given(seed=st.integers(0, 2**70), drawn=st.integers(0, 700), half=st.booleans())
def test_generators_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    drawn: int,
    half: bool,  # noqa: FBT001 - an example
) -> None:
    """Every generator goes on exactly where it stood, half-used pairs of normals included."""
    path = tmp_path_factory.getbasetemp() / "numbers.pt"
    seed_everything(seed % 2**63)
    for _ in range(drawn):
        random.random()  # noqa: S311 - moves the generator
        np.random.random()  # noqa: NPY002 - likewise
    if half:
        random.gauss()
        np.random.standard_normal()  # noqa: NPY002 - likewise
    save_random_numbers(path)
    expected = _draw()
    seed_everything(0)
    load_random_numbers(path)
    assert _draw() == expected


def test_file_holds_only_tensors(tmp_path: Path) -> None:
    """The file is read without running any code that it may hold."""
    save_random_numbers(tmp_path / "numbers.pt")
    assert torch.load(tmp_path / "numbers.pt", weights_only=True).keys() >= {"python", "torch"}


def test_each_process_keeps_its_own_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a machine's accelerators a process knows its own: another machine may have fewer."""
    own, seen = torch.arange(3, dtype=torch.uint8), list[torch.Tensor]()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda: own)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: [own] * 8)
    monkeypatch.setattr(torch.cuda, "set_rng_state", seen.append)
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", seen.extend)
    set_random_numbers(random_numbers())
    assert [state.tolist() for state in seen] == [own.tolist()]
