"""Everything that counts steps counts the same ones."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from arctic_training.errors import RecipeError
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

_BATCHES: Final = 7
_RATE: Final = 0.5


class _Cell(NamedTuple):
    accumulation: int
    epochs: int
    train_iters: int
    exit_iteration: int

    @property
    def steps(self) -> list[tuple[int, range]]:
        """The epoch of each step to the horizon, and its micro-batches: counted out one by one."""
        epoch = [
            range(first, min(first + self.accumulation, _BATCHES))
            for first in range(0, _BATCHES, self.accumulation)
        ]
        count = self.train_iters or self.epochs * len(epoch)
        return [(step // len(epoch), epoch[step % len(epoch)]) for step in range(count)]

    @property
    def taken(self) -> list[tuple[int, range]]:
        """Those of them that the run takes."""
        return self.steps[: self.exit_iteration or None]

    def rate(self, index: int) -> float:
        """Return the learning rate of a step: up in the first half, then down to 0."""
        horizon, warm = len(self.steps), math.ceil(len(self.steps) / 2)
        return _RATE * (index / warm if index < warm else (horizon - index) / (horizon - warm))


_GRID: Final = [_Cell(*cell) for cell in itertools.product((1, 3, 7, 10), (1, 2), (0, 5), (0, 2))]


def _check(cell: _Cell, folder: Path) -> None:
    saving = {"output_dir": str(folder / "saved"), "save_every_n_steps": 2, "keep_last": 0}
    source = jsonl(folder / "said.jsonl", ragged(2 * _BATCHES - 1))
    trainer = HandTrainer(
        hand_config(
            data={"sources": source, "eval_sources": source},
            gradient_accumulation_steps=cell.accumulation,
            epochs=cell.epochs,
            train_iters=cell.train_iters,
            exit_iteration=cell.exit_iteration,
            eval_interval=2,
            scheduler={"warmup_ratio": 0.5},
            optimizer={"type": "sgd", "learning_rate": _RATE},
            checkpoint=saving | {"save_end_of_training": True},
        )
    )
    trainer.progress = recorder = Recorder()
    assert trainer.training_horizon == len(cell.steps)
    assert trainer.warmup_steps == math.ceil(len(cell.steps) / 2)
    trainer.train()

    reports, taken = recorder.reports, cell.taken
    loader = trainer.train_dataloader
    tokens = [[b["lengths"].sum().item() for b in loader.batches(e)] for e in range(5)]
    assert [report.step for report in reports] == [*range(1, len(taken) + 1)]
    assert [report.epoch for report in reports] == [epoch for epoch, _ in taken]
    assert [report.tokens for report in reports] == [
        sum(tokens[epoch][batch] for batch in batches) for epoch, batches in taken
    ]
    rates = [cell.rate(index) for index in range(len(taken))]
    assert [report.learning_rate for report in reports] == pytest.approx(rates)
    evaluated = [re.match(r"step (\d+) \| eval", note) for note in recorder.notes]
    even = [*range(2, len(taken) + 1, 2)]
    assert [int(match[1]) for match in evaluated if match] == even
    saved = {int(path.name.rpartition("_")[2]) for path in (folder / "saved").glob("epoch_*")}
    assert saved == {*even, len(taken)}
    assert trainer.state.global_step == len(taken)


@pytest.mark.parametrize("cell", _GRID[::5], ids=str)
def test_counts_agree(cell: _Cell, tmp_path: Path) -> None:
    """Steps, epochs, tokens, horizon, warm-up, rates, evaluations, saves and exit agree.

    A sample of the grid of accumulation, epochs, `train_iters` and `exit_iteration`, whose last
    group of an epoch is uneven.
    """
    _check(cell, tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("cell", _GRID, ids=str)
def test_counts_agree_everywhere(cell: _Cell, tmp_path: Path) -> None:
    """The same, for the whole grid."""
    _check(cell, tmp_path)


def test_a_run_of_no_step_is_refused(tmp_path: Path) -> None:
    """A run that would train nothing does not begin."""
    source = jsonl(tmp_path / "said.jsonl", ragged(3))
    with pytest.raises(RecipeError, match="would train no step"):
        HandTrainer(hand_config(data={"sources": source}, epochs=0))
