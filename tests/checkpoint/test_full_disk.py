"""A run whose checkpoint cannot be written."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from arctic_training.errors import TrainingError
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def test_what_was_saved_before_stays(tmp_path: Path) -> None:
    """The run ends and says why and where; the checkpoint before is whole, and it goes on from it.

    PyTorch meets a limit of a file's size as it does a full disk, and says neither.
    """
    section = {"output_dir": str(tmp_path / "saved"), "save_every_n_steps": 1, "auto_resume": True}
    config = hand_config(
        data={"sources": jsonl(tmp_path / "said.jsonl", ragged(5))},
        train_iters=2,
        checkpoint=section,
    )
    trainer = HandTrainer(config)
    trainer.progress = Recorder()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(_trainer: HandTrainer) -> None:
        if trainer.state.global_step == 1:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, before[1]))

    trainer.add_callback("pre-optimizer-step", fill)
    try:
        with pytest.raises(
            TrainingError, match=r"step 2 cannot be saved in .*: File too large"
        ) as e:
            trainer.train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "`auto_resume`" in e.value.hint
    assert [path.name for path in (tmp_path / "saved").glob("*/")] == ["epoch_0_global_step_1"]
    assert HandTrainer(config).state.global_step == 1


def test_the_other_sections_save(tmp_path: Path) -> None:
    """One section that cannot save keeps no other from saving; then the run ends with its error."""
    sections = [{"output_dir": str(tmp_path / name), "save_every_n_steps": 1} for name in "ab"]
    source = jsonl(tmp_path / "said.jsonl", ragged(5))
    trainer = HandTrainer(hand_config(data={"sources": source}, train_iters=2, checkpoint=sections))
    trainer.progress = Recorder()
    (tmp_path / "a").rmdir()
    (tmp_path / "a").write_text("a file in its place")
    with pytest.raises(TrainingError, match="step 1 cannot be saved"):
        trainer.train()
    assert [path.name for path in (tmp_path / "b").glob("*/")] == ["epoch_0_global_step_1"]
