"""Learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from arctic_training.errors import RecipeError, UnusableRecipeError
from tests.tiny import HandTrainer, Recorder, hand_config

_STEPS, _WARMUP, _PEAK = 10, 3, 0.5


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("linear", lambda left: left),
        ("cosine", lambda left: 0.5 * (1 + math.cos(math.pi * (1 - left)))),
        ("constant_with_warmup", lambda _: 1.0),
    ],
)
def test_learning_rates_of_a_run(name: str, share: Callable[[float], float]) -> None:
    """The reported learning rates rise over the warm-up and fall over the rest as they should."""
    trainer = HandTrainer(
        hand_config(
            train_iters=_STEPS,
            optimizer={"type": "sgd", "learning_rate": _PEAK},
            scheduler={"name": name, "warmup_ratio": 0.25},
        )
    )
    trainer.progress = recorder = Recorder()
    assert trainer.warmup_steps == _WARMUP
    trainer.train()
    rising = [_PEAK * step / _WARMUP for step in range(_WARMUP)]
    falling = [
        _PEAK * share((_STEPS - step) / (_STEPS - _WARMUP)) for step in range(_WARMUP, _STEPS)
    ]
    rates = [report.learning_rate for report in recorder.reports]
    assert rates == pytest.approx(rising + falling)


def test_warm_up_in_steps() -> None:
    """`num_warmup_steps` stands in place of `warmup_ratio`; one beyond the run is refused."""
    section = {"name": "constant_with_warmup", "num_warmup_steps": 2}
    trainer = HandTrainer(hand_config(train_iters=4, scheduler=section))
    trainer.progress = recorder = Recorder()
    assert trainer.warmup_steps == 2
    trainer.train()
    highest = trainer.config.optimizer.learning_rate
    rates = [report.learning_rate for report in recorder.reports]
    assert rates == pytest.approx([0, highest / 2, highest, highest])
    with pytest.raises(RecipeError, match="more than the 1 step of the run") as caught:
        HandTrainer(hand_config(train_iters=1, scheduler=section))
    assert caught.value.pointer == ("scheduler", "num_warmup_steps")


def test_warm_up_stable_decay() -> None:
    """The schedule of that name of transformers stays highest until its decay, which it needs."""
    section: dict[str, object] = {"name": "warmup_stable_decay", "num_warmup_steps": 1}
    with pytest.raises(UnusableRecipeError, match="needs `num_decay_steps`"):
        HandTrainer(hand_config(train_iters=5, scheduler=section))
    section["scheduler_specific_kwargs"] = {"num_decay_steps": 2}
    trainer = HandTrainer(hand_config(train_iters=5, scheduler=section))
    trainer.progress = recorder = Recorder()
    trainer.train()
    highest = trainer.config.optimizer.learning_rate
    rates = [report.learning_rate / highest for report in recorder.reports]
    assert rates == pytest.approx([0, 1, 1, 1, 0.5])


def test_keys_of_another_schedule() -> None:
    """What the chosen schedule does not take is refused; what it takes has its effect."""
    wrong = {"name": "linear", "scheduler_specific_kwargs": {"min_lr_rate": 0.5}}
    with pytest.raises(UnusableRecipeError, match=r"no `min_lr_rate`; it takes: none"):
        HandTrainer(hand_config(scheduler=wrong))
    trainer = HandTrainer(
        hand_config(
            train_iters=3,
            optimizer={"type": "sgd", "learning_rate": _PEAK},
            scheduler=wrong | {"name": "cosine_with_min_lr", "warmup_ratio": 0.0},
        )
    )
    trainer.train()
    assert trainer.scheduler.get_last_lr() == pytest.approx([_PEAK / 2])


@pytest.mark.parametrize(
    ("name", "own", "message"),
    [
        ("cosine_with_min_lr", {}, "min_lr or min_lr_rate"),
        ("polynomial", {"lr_end": 5}, "must be smaller"),
        ("polynomial", {"power": -3}, "negative power"),
        ("inverse_sqrt", {"timescale": 0}, "division by zero"),
        ("polynomial", {"lr_end": -1}, "after step 3 its rate is -1499"),
        ("warmup_stable_decay", {"num_decay_steps": 9}, "more than the 4 steps of the run"),
    ],
)
def test_numbers_that_make_no_schedule(name: str, own: dict[str, float], message: str) -> None:
    """What a schedule cannot be made of is an error of its section, and not of a later step."""
    section = {"name": name, "num_warmup_steps": 0, "scheduler_specific_kwargs": own}
    with pytest.raises(RecipeError, match=message) as caught:
        HandTrainer(hand_config(train_iters=4, scheduler=section))
    assert caught.value.pointer == ("scheduler", "scheduler_specific_kwargs")
