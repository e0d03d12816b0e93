"""Of several checkpoints, those are kept that came to the best figure."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from arctic_training.checkpoint.evaluation_scores import best, write_scores
from arctic_training.config.checkpoint import DeepSpeedCheckpointConfig
from arctic_training.core.context import TrainerContext
from arctic_training.core.reports import EvaluationReport
from arctic_training.core.state import TrainingState
from arctic_training.core.totals import Totals
from arctic_training.errors import UnusableRecipeError
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def _trainer(folder: Path, **section: object) -> HandTrainer:
    """Return a trainer of six steps, each evaluated; its loss rises from the third on."""
    source = jsonl(folder / "said.jsonl", ragged(6))
    config = hand_config(
        data={"sources": source, "eval_sources": source},
        train_iters=6,
        eval_interval=1,
        optimizer={"type": "sgd", "learning_rate": 0.1},
        scheduler={"name": "constant"},
        checkpoint={"output_dir": str(folder / "saved"), "save_every_n_steps": 1, **section},
    )
    trainer = HandTrainer(config)
    trainer.progress = Recorder()
    return trainer


def _scores(folder: Path) -> dict[int, float]:
    """Return the loss of evaluation in each checkpoint, by its step."""
    return {
        int(path.parent.name.rpartition("_")[2]): json.loads(path.read_text())["eval"]["loss"]
        for path in folder.glob("saved/*/evaluation.json")
    }


@pytest.mark.parametrize(
    ("section", "kept"),
    [
        ({"keep_best": 1}, {6}),
        ({"keep_best": 2, "best_is": "highest"}, {1, 2, 6}),
        ({"keep_best": 1, "best_is": "highest", "keep_last": 2}, {1, 5, 6}),
        ({"keep_best": 2, "keep_last": 1}, {5, 6}),
    ],
)
def test_the_best_are_kept(section: dict[str, object], kept: set[int], tmp_path: Path) -> None:
    """The best by the metric stay beside the newest; each holds what it came to."""
    trainer = _trainer(tmp_path, **section)
    trainer.train()
    scores = _scores(tmp_path)
    assert {*scores} == kept
    ordered = [scores[step] for step in sorted(scores)]
    assert ordered == sorted(ordered, reverse=True)  # it learns, so the last is the lowest
    assert scores[6] == trainer.evaluations["eval"].totals.loss


def test_what_is_kept_from_training_tells_the_best(tmp_path: Path) -> None:
    """The part that `train_eval_split` keeps from training is a set like those of sources."""
    split = {"eval_sources": (), "train_eval_split": (0.5, 0.5)}
    trainer = _trainer(tmp_path, keep_best=1)
    config = trainer.config.model_copy(
        update={"data": trainer.config.data.model_copy(update=split), "train_iters": 1}
    )
    HandTrainer(config).train()
    assert {*_scores(tmp_path)} == {1}


def test_what_has_no_figure_is_not_best(tmp_path: Path) -> None:
    """A checkpoint that was not evaluated, or to no number, is never the best."""
    section = DeepSpeedCheckpointConfig(output_dir=tmp_path, best_metric="accuracy")
    figures = {"a": 0.5, "b": math.nan, "c": 0.25}
    for name, figure in figures.items():
        (tmp_path / name).mkdir()
        totals = Totals(loss=1.0, count=1.0, tokens=1, terms={"accuracy": figure})
        report = EvaluationReport(horizon=9, step=3, epoch=0, name="eval", totals=totals)
        state = TrainingState(global_step=3)
        trainer = SimpleNamespace(state=state, evaluations={"eval": report})
        write_scores(tmp_path / name, cast("TrainerContext", trainer))
        json.loads((tmp_path / name / "evaluation.json").read_text(), parse_constant=pytest.fail)
    (tmp_path / "d").mkdir()
    assert best(sorted(tmp_path.iterdir()), section) == [tmp_path / "c", tmp_path / "a"]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"eval_interval": 0, "data": {"eval_sources": []}}, "keep_best", "`eval_interval` is 0"),
        ({"section": {"best_set": "maths"}}, "best_set", "evaluated on `eval`, not on `maths`"),
        ({"section": {"best_metric": "bleu"}}, "best_metric", "there is no `bleu`"),
        ({"eval_interval": 2}, "save_every_n_steps", "`eval_interval` is 2"),
    ],
)
def test_what_cannot_be_told_is_refused(
    changes: dict[str, object], field: str, message: str, tmp_path: Path
) -> None:
    """Where nothing would tell which is best, the recipe is refused at the key that is why."""
    source = jsonl(tmp_path / "said.jsonl", ragged(6))
    section = {"output_dir": str(tmp_path / "saved"), "save_every_n_steps": 1, "keep_best": 1}
    own, data = changes.pop("section", {}), changes.pop("data", {})
    assert isinstance(own, dict)
    assert isinstance(data, dict)
    values = {"eval_interval": 1, "checkpoint": section | own} | changes
    values["data"] = {"sources": source, "eval_sources": source} | data
    with pytest.raises(UnusableRecipeError) as caught:
        HandTrainer(hand_config(**values))
    (problem,) = caught.value.problems
    assert problem.pointer == ("checkpoint", 0, field)
    assert message in problem.message
