"""Processes that do not share the folder of their checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.fs.atomic_folder import is_intact
from arctic_training.launcher.torchrun import launch
from tests.support import ROOT
from tests.tiny import jsonl, ragged


def test_no_checkpoint_lacks_the_part_of_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of its own is refused at the start; one that is met later is never complete."""
    jsonl(tmp_path / "said.jsonl", ragged(5))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert launch(["-m", "tests.launcher.node_local", str(tmp_path)], num_processes=2) == (0, "")
    for rank in range(2):
        saved, refused, *late = (tmp_path / f"met-{rank}").read_text().splitlines()
        assert saved == "saved"
        assert refused.startswith("checkpoint.0.output_dir: process 0 does not see")
        assert "step 1 cannot be saved" in late[0]
        assert "process 0 does not see `" in late[0]
    assert is_intact(tmp_path / "shared" / "epoch_0_global_step_1")
    left = [path for path in tmp_path.glob("*/*/") if path.parent.name != "shared"]
    assert left == []
