"""Classes that register themselves, and why some cannot."""

from __future__ import annotations

import types

import pytest

from arctic_trainers.sft import SFTTrainer
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.errors import RegistryError
from arctic_training.model.factory import ModelFactory
from arctic_training.model.random_llama import RandomLlamaFactory
from arctic_training.optimizer.fused_adam import FusedAdamFactory
from arctic_training.trainer.trainer import Trainer
from tests.tiny import HandTrainer, SGDFactory


def _define(base: type, body: dict[str, object], **options: object) -> type:
    return types.new_class("Broken", (base,), options, lambda names: names.update(body))


def test_trainers_are_found_by_name() -> None:
    """Generated and hand-written trainers register under their names as they are defined."""
    assert Trainer.named("sft") is SFTTrainer
    assert Trainer.named("hand") is HandTrainer
    assert {"sft", "hand"} <= set(Trainer.registered_names())


class _Remembers:
    """What several trainers of a user have in common."""


def test_a_mix_in_may_stand_first() -> None:
    """A class is checked as what it is, whatever stands before the trainer among its bases."""
    body = {"name": "mixed", "model_factory_type": SGDFactory}
    with pytest.raises(RegistryError, match="its `model_factory_type` must name"):
        types.new_class("Mixed", (_Remembers, HandTrainer), {}, lambda names: names.update(body))


@pytest.mark.parametrize(
    ("base", "body", "reasons"),
    [
        (HandTrainer, {"name": None}, ["it has no `name`"]),
        (HandTrainer, {}, ["`hand` is tests.tiny.HandTrainer already"]),
        (HandTrainer, {"name": "x", "config_type": CheckpointConfig}, ["is no TrainerConfig"]),
        (
            HandTrainer,
            {"name": "x", "model_factory_type": SGDFactory},
            ["its `model_factory_type` must name ModelFactory classes"],
        ),
        (
            HandTrainer,
            {"name": "x", "data_factory_type": ()},
            ["its `data_factory_type` must name DataFactory classes"],
        ),
        (
            HandTrainer,
            {"name": "x", "optimizer_factory_type": FusedAdamFactory},
            ["`optimizer_factory_type` takes FusedAdamConfig, but the recipe admits SGDConfig"],
        ),
        (
            HandTrainer,
            {"name": "x", "optimizer_factory_type": (SGDFactory, FusedAdamFactory)},
            ["takes FusedAdamConfig, SGDConfig, but the recipe admits SGDConfig"],
        ),
        (
            Trainer,
            {"model_factory_type": SGDFactory, "config_type": HandTrainer.config_type},
            [
                "it has no `name`",
                "it leaves loss abstract",
                "its `model_factory_type` must name ModelFactory classes",
                "its `tokenizer_factory_type` must name TokenizerFactory classes",
            ],
        ),
        (
            ModelFactory,
            {"name": "x"},
            ["it leaves create abstract", "it has no `config_type`"],
        ),
        (
            RandomLlamaFactory,
            {"name": "x"},
            ["its `name` is not the `type` of RandomLlamaConfig, `random_llama`"],
        ),
    ],
)
def test_broken_classes_are_refused(
    base: type, body: dict[str, object], reasons: list[str]
) -> None:
    """A class that cannot be used is refused where it is defined, with every reason at once."""
    with pytest.raises(RegistryError, match="cannot be registered") as caught:
        _define(base, body)
    assert [reason for reason in reasons if reason not in caught.value.message] == []
    assert Trainer.named("hand") is HandTrainer


def test_other_interface_is_refused() -> None:
    """Code that was generated for another runtime is refused, with the command that renews it."""
    with pytest.raises(RegistryError, match="interface 0") as caught:
        _define(HandTrainer, {"name": "old"}, interface=0)
    assert "arctic-gen new-trainer" in caught.value.hint


def test_abstract_classes_stay_out() -> None:
    """A class that is there to be derived from may lack things, and is not registered."""
    _define(HandTrainer, {"name": "bare"}, abstract=True)
    assert "bare" not in Trainer.registered_names()


@pytest.mark.parametrize(
    ("name", "hint"), [("sfft", "did you mean `sft`?"), ("zzzzzz", "known here: ")]
)
def test_unknown_names(name: str, hint: str) -> None:
    """A name that is not registered is answered with the nearest one, or with those that are."""
    with pytest.raises(RegistryError, match="is not a registered Trainer") as caught:
        Trainer.named(name)
    assert hint in caught.value.hint
