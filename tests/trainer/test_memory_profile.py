"""The history of memory, as far as it can be seen without an accelerator."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from arctic_training.core.mesh import Mesh
from arctic_training.errors import UnusableRecipeError
from arctic_training.trainer import memory_profile
from arctic_training.trainer.memory_profile import MemoryProfile, memory_profile_problems
from tests.support import write
from tests.tiny import HandTrainer, hand_config


def test_without_an_accelerator_it_is_refused() -> None:
    """There is nothing to record on a CPU, and a recipe that asks for it does not begin."""
    if torch.cuda.is_available():
        pytest.skip("there is an accelerator")
    with pytest.raises(UnusableRecipeError, match="no accelerator whose memory") as caught:
        HandTrainer(hand_config(mem_profiler="step"))
    assert [problem.pointer for problem in caught.value.problems] == [("mem_profiler",)]


def test_its_folder_is_known_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an accelerator, a folder that is not named or cannot be written is refused."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    nowhere = hand_config(mem_profiler="e2e")
    file = write(tmp_path / "file", "")
    unwritable = hand_config(mem_profiler="e2e", mem_profiler_dir=str(file))
    good = hand_config(mem_profiler="e2e", mem_profiler_dir=str(tmp_path / "profile"))
    codes = [
        [problem.code for problem in memory_profile_problems(config)]
        for config in (hand_config(), nowhere, unwritable, good)
    ]
    assert codes == [[], ["missing-key"], ["not-writable"], []]


@pytest.mark.parametrize("moment", ["e2e", "step", None])
def test_what_is_recorded(
    moment: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins at the moment that the recipe names, holds so many entries, and ends in a file."""
    calls: list[object] = []
    monkeypatch.setattr(memory_profile, "_record", lambda **told: calls.append(told))
    monkeypatch.setattr(memory_profile, "_write", calls.append)
    config = hand_config(
        mem_profiler=moment, mem_profiler_dir=str(tmp_path), mem_profiler_max_entries="2k"
    )
    profile = MemoryProfile(config, Mesh(1, 2))
    profile.begin("e2e")
    assert calls == ([{"max_entries": 2000}] if moment == "e2e" else [])
    profile.begin("step")
    profile.end()
    recorded = [{"max_entries": 2000}, str(tmp_path / "rank_1.pickle"), {"enabled": None}]
    assert calls == (recorded if moment else [])


@pytest.mark.gpu
def test_a_run_writes_its_history(tmp_path: Path) -> None:
    """On an accelerator a run leaves a snapshot that is not empty."""
    HandTrainer(
        hand_config(mem_profiler="step", mem_profiler_dir=str(tmp_path), train_iters=1)
    ).train()
    assert (tmp_path / "rank_0.pickle").stat().st_size > 0
