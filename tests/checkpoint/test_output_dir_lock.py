"""Two runs do not save in one folder at once."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from arctic_training.checkpoint.output_dir_lock import output_dir_lock
from arctic_training.core.mesh import Mesh
from arctic_training.errors import RecipeError, UnusableRecipeError
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def _trainer(folder: Path) -> HandTrainer:
    trainer = HandTrainer(
        hand_config(
            data={"sources": jsonl(folder / "said.jsonl", ragged(5))},
            train_iters=1,
            checkpoint={"output_dir": str(folder / "saved"), "save_end_of_training": True},
        )
    )
    trainer.progress = Recorder()
    return trainer


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    """While a run saves in a folder, another is refused before it prepares, or saves, anything."""
    first, second = _trainer(tmp_path), _trainer(tmp_path)
    with output_dir_lock(first.checkpoint_engines):
        with pytest.raises(UnusableRecipeError) as caught:
            _trainer(tmp_path)
        (problem,) = caught.value.problems
        assert (problem.pointer, problem.code) == (("checkpoint", 0, "output_dir"), "in-use")
        assert problem.message == f"another run saves in `{tmp_path}/saved` just now"
        with pytest.raises(RecipeError, match="another run saves"):
            second.train()
        assert [*(tmp_path / "saved").iterdir()] == []
    first.train()
    assert first.state.global_step == 1
    assert [path.name for path in (tmp_path / "saved").glob("*/")] == ["epoch_0_global_step_1"]


def test_the_first_process_locks_for_all(tmp_path: Path) -> None:
    """Processes of one run do not keep each other out."""
    trainer = _trainer(tmp_path)
    with output_dir_lock(trainer.checkpoint_engines):
        with pytest.raises(RecipeError), output_dir_lock(trainer.checkpoint_engines):
            pass
        trainer.mesh = Mesh(1, 2)
        with output_dir_lock(trainer.checkpoint_engines):
            is_let_in = True
    assert is_let_in


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be locked, a run trains all the same, with a warning."""

    def no_locks(_handle: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    trainer = _trainer(tmp_path)
    trainer.train()
    assert trainer.state.global_step == 1
    assert isinstance(trainer.progress, Recorder)
    warning = f"warning: no locks in `{tmp_path}/saved`: a second run there goes unnoticed"
    assert warning in trainer.progress.notes
