"""Evaluation while training goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from arctic_training.core.reports import MEASURED
from arctic_training.errors import RecipeError, UnusableRecipeError
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged


def _run(folder: Path, **changes: object) -> tuple[HandTrainer, list[dict[str, Any]]]:
    """Train for four steps; return the trainer and what was logged, but for times."""
    log = folder / "metrics.jsonl"
    values: dict[str, object] = {
        "data": {"sources": jsonl(folder / "said.jsonl", ragged(9))},
        "gradient_accumulation_steps": 2,
        "train_iters": 4,
        "noise": True,
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "train_log_metrics_path": str(log),
    }
    trainer = HandTrainer(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    trainer.train()
    lines = map(json.loads, log.read_text().splitlines())
    return trainer, [{name: line[name] for name in line.keys() - MEASURED} for line in lines]


def _evaluating(folder: Path) -> dict[str, object]:
    sources = [
        jsonl(folder / "short.jsonl", ragged(3)) | {"eval_name": "short"},
        jsonl(folder / "first.jsonl", ragged(5)),
        jsonl(folder / "second.jsonl", ragged(6)),
    ]
    return {"sources": jsonl(folder / "said.jsonl", ragged(9)), "eval_sources": sources}


def test_training_is_not_disturbed(tmp_path: Path) -> None:
    """What is trained is bit for bit the same with evaluation and without, with random losses."""
    _, expected = _run(
        tmp_path / "plain", data={"sources": jsonl(tmp_path / "said.jsonl", ragged(9))}
    )
    trainer, lines = _run(tmp_path, data=_evaluating(tmp_path), eval_interval=2)
    assert [line for line in lines if "evaluation" not in line] == expected
    assert [(line["step"], line["evaluation"]) for line in lines if "evaluation" in line] == [
        (2, "short"),
        (2, "eval"),
        (4, "short"),
        (4, "eval"),
    ]
    assert isinstance(trainer.progress, Recorder)
    assert [note.split(" | loss")[0] for note in trainer.progress.notes if "| eval" in note] == [
        "step 2 | eval `short`",
        "step 2 | eval `eval`",
        "step 4 | eval `short`",
        "step 4 | eval `eval`",
    ]


@pytest.mark.parametrize("micro_batch_size", [1, 4])
def test_loss_of_a_set(micro_batch_size: int, tmp_path: Path) -> None:
    """It is the mean over all trained tokens of the set, the last small batch among them.

    Declared metrics are reduced likewise, and samples keep their order.
    """
    trainer, lines = _run(
        tmp_path,
        data=_evaluating(tmp_path),
        eval_interval=4,
        noise=False,
        micro_batch_size=micro_batch_size,
    )
    loader = trainer.eval_dataloaders["eval"]
    sums, counts, lengths = [], [], []
    with torch.no_grad():
        for batch in loader.batches(3):
            for ids, labels, length in zip(*batch.values(), strict=True):
                logits = trainer.engine.unwrapped(ids[None, :length]).logits[0, :-1].double()
                sums.append(F.cross_entropy(logits, labels[: length - 1], reduction="sum").item())
                counts.append((labels[: length - 1] != -100).sum().item())
                lengths.append(length.item())
    logged = next(line for line in lines if line.get("evaluation") == "eval")
    assert logged["loss"] == pytest.approx(sum(sums) / sum(counts), abs=1e-6)
    assert logged["samples"] == len(lengths) == 11
    assert logged["tokens_each"] == pytest.approx(sum(lengths) / 11)
    assert logged["tokens"] == sum(lengths)
    longest = [n % 7 for n in range(5)]
    assert sorted(lengths[:5]) == lengths[:5] == [lengths[n] for n in longest]


@pytest.mark.parametrize(
    ("interval", "has_sources", "pointer"),
    [(0, True, ("data", "eval_sources")), (2, False, ("eval_interval",))],
)
def test_an_evaluation_that_never_is(
    interval: int,
    has_sources: bool,  # noqa: FBT001 - a row of the table
    pointer: tuple[str, ...],
    tmp_path: Path,
) -> None:
    """Sources without an interval, and an interval without sources, are refused."""
    data = _evaluating(tmp_path)
    if not has_sources:
        del data["eval_sources"]
    with pytest.raises(UnusableRecipeError) as caught:
        HandTrainer(hand_config(data=data, eval_interval=interval))
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


@pytest.mark.parametrize("given", ["eval_sources", "train_eval_split"])
def test_nothing_to_evaluate_on(given: str, tmp_path: Path) -> None:
    """A set of which no sample is left is told at the key that asks for it, not at training's."""
    said = jsonl(tmp_path / "said.jsonl", ragged(9))
    long = jsonl(
        tmp_path / "long.jsonl", [[*ragged(1)[0][:1], {"role": "assistant", "content": "so " * 99}]]
    )
    unseen = {"eval_sources": long, "max_length": 64}
    data = unseen if given == "eval_sources" else {"train_eval_split": [0.99, 0.01]}
    with pytest.raises(RecipeError, match="no sample is left to evaluate on") as caught:
        HandTrainer(hand_config(data={"sources": said} | data, eval_interval=1))
    assert caught.value.pointer == ("data", given)
