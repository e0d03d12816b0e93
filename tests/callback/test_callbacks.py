"""Callbacks are called once each, in one order, however a trainer is derived."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from arctic_training.callback.callbacks import Callback, Moment
from arctic_training.core.loss_output import LossOutput
from arctic_training.data.batches import SFTBatch
from arctic_training.errors import RegistryError, TrainingError
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, ragged

_CALLED: list[str] = []


def _taking_down(text: str) -> Callback:
    def callback(trainer: HandTrainer) -> None:
        _CALLED.append(f"{text} {trainer.state.global_step}")

    return callback


_FIRST, _SECOND, _THIRD = (_taking_down(text) for text in ("first", "second", "third"))


class _Base(HandTrainer, abstract=True):
    callbacks: ClassVar[Any] = {"post-step": (_FIRST, _SECOND)}


class _Derived(_Base, abstract=True):
    """Overrides phases and calls ``super()``, and names a callback of its base's again."""

    callbacks: ClassVar[Any] = {"post-step": (_SECOND, _THIRD)}

    @override
    def step(self, batch: SFTBatch) -> None:
        super().step(batch)

    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        return super().loss(batch)


def _adding(moment: str, called: list[str]) -> Callback:
    def callback(_trainer: HandTrainer) -> None:
        called.append(moment)

    return callback


def _trainer(kind: type[HandTrainer], folder: Path, **changes: object) -> HandTrainer:
    source = jsonl(folder / "said.jsonl", ragged(4))
    values: dict[str, object] = {"data": {"sources": source}}
    trainer = kind(hand_config(**(values | changes)))
    trainer.progress = Recorder()
    return trainer


def test_order_of_inherited_callbacks(tmp_path: Path) -> None:
    """A base's come before a class's, and those before what one trainer adds; each once a step."""
    _CALLED.clear()
    trainer = _trainer(_Derived, tmp_path)
    trainer.add_callback("post-step", _taking_down("own"))
    trainer.train()
    each = ["first", "second", "third", "own"]
    assert [f"{text} {step}" for step in (1, 2) for text in each] == _CALLED
    assert _Base.callbacks == {"post-step": (_FIRST, _SECOND)}


def test_phases_of_a_run(tmp_path: Path) -> None:
    """Every phase of a run is told, its inner ones inside it; evaluation tells no loss."""
    source = jsonl(tmp_path / "said.jsonl", ragged(4))
    trainer = _trainer(
        _Derived,
        tmp_path,
        data={"sources": source, "eval_sources": source},
        eval_interval=1,
        gradient_accumulation_steps=2,
    )
    _CALLED.clear()
    called: list[str] = []
    inner: list[Moment] = ["pre-loss", "post-loss", "pre-backward", "post-backward"]
    outer: list[Moment] = ["pre-optimizer-step", "post-optimizer-step"]
    outer += ["pre-evaluate", "post-evaluate", "pre-checkpoint", "post-checkpoint"]
    around: list[Moment] = ["pre-train", "pre-epoch", "post-epoch", "post-train"]
    for moment in (*inner, *outer, *around, "pre-step", "post-step"):
        trainer.add_callback(moment, _adding(moment, called))
    trainer.train()
    saves = ["pre-checkpoint", "post-checkpoint"]
    assert called == [
        *around[:2],
        *["pre-step", *inner, "post-step"],
        *["pre-step", *inner, *outer, "post-step"],
        *[*saves, "post-epoch", *saves, "post-train"],
    ]


def test_moments_that_do_not_exist() -> None:
    """A moment that is mistyped, or what is no function, is an error where the class is made."""
    with pytest.raises(RegistryError, match="no moment `post-stpe`; did you mean `post-step`"):
        type("Wrong", (HandTrainer,), {"name": "wrong", "callbacks": {"post-stpe": (_FIRST,)}})
    with pytest.raises(RegistryError, match="at `pre-step` are not all functions"):
        type("Wrong", (HandTrainer,), {"name": "wrong", "callbacks": {"pre-step": (3,)}})


def test_what_is_added_is_looked_at(tmp_path: Path) -> None:
    """So it is where a callback is added to a trainer."""
    trainer = _trainer(HandTrainer, tmp_path)
    moment: Any = "post-stpe"
    with pytest.raises(RegistryError, match="no moment `post-stpe`; did you mean `post-step`"):
        trainer.add_callback(moment, _FIRST)
    callback: Any = 3
    with pytest.raises(RegistryError, match="at `pre-step` are not all functions"):
        trainer.add_callback("pre-step", callback)


@pytest.mark.parametrize("moment", ["pre-train", "post-train"])
def test_a_callback_that_asks_for_its_own_phase(moment: Moment, tmp_path: Path) -> None:
    """A callback of `train` that calls `train` is not called by it again: each step is taken once.

    What it does beside it, such as to train first, has its effect.
    """
    trainer = _trainer(HandTrainer, tmp_path)
    called: list[int] = []

    def train(trainer: HandTrainer) -> None:
        called.append(trainer.state.global_step)
        trainer.train()

    trainer.add_callback(moment, train)
    trainer.train()
    assert trainer.state.global_step == trainer.training_horizon
    assert called == [0 if moment == "pre-train" else trainer.training_horizon]


def test_a_callback_that_fails_ends_training(tmp_path: Path) -> None:
    """What a callback raises is not swallowed, and the phase that it stood before does not run."""
    trainer = _trainer(HandTrainer, tmp_path)

    def fail(_trainer: HandTrainer) -> None:
        raise ValueError("mine")

    trainer.add_callback("pre-optimizer-step", fail)
    with pytest.raises(ValueError, match="mine"):
        trainer.train()
    assert trainer.state.global_step == 0


def test_a_callback_logs_a_figure(tmp_path: Path) -> None:
    """It is reported with the step that ends next, and with that one alone."""
    config = hand_config(data={"sources": jsonl(tmp_path / "s.jsonl", ragged(6))}, train_iters=2)
    trainer = HandTrainer(config)
    trainer.progress = recorder = Recorder()

    def log_first(_trainer: HandTrainer) -> None:
        if trainer.state.global_step == 0:
            trainer.log("norm", 3.5)

    trainer.add_callback("post-backward", log_first)
    trainer.train()
    assert [report.figures.get("norm") for report in recorder.reports] == [3.5, None]


@pytest.mark.parametrize("name", ["loss", "step", "samples"])
def test_no_figure_hides_another(name: str, tmp_path: Path) -> None:
    """A figure of the runtime's, or a metric of the definition's, is not logged over."""
    data = {"sources": jsonl(tmp_path / "s.jsonl", ragged(6))}
    trainer = HandTrainer(hand_config(data=data))
    with pytest.raises(TrainingError, match=f"a figure `{name}` already"):
        trainer.log(name, 1.0)


def test_a_loss_sees_whether_it_is_trained(tmp_path: Path) -> None:
    """`trainer.model.training` is true in a step, and not in an evaluation."""
    source = jsonl(tmp_path / "s.jsonl", ragged(6))
    data = {"sources": source, "eval_sources": source}
    trainer = HandTrainer(hand_config(data=data, train_iters=1, eval_interval=1))
    seen = []
    trainer.add_callback("post-step", lambda t: seen.append(t.model.training))
    trainer.add_callback("pre-loss", lambda t: seen.append(t.model.training))
    trainer.train()
    assert seen == [True, False]
