"""Classes that register themselves, and why some cannot."""

from __future__ import annotations

import types
from pathlib import Path

import pytest
import yaml
from torch import nn

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.config.checkpoint import CheckpointConfig
from arctic_training.config.model import HFModelConfig
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.engines.deepspeed.checkpoint import DeepSpeedCheckpointEngine
from arctic_training.errors import RecipeError, RegistryError
from arctic_training.model.factory import ModelFactory
from arctic_training.model.huggingface import HFModelFactory
from arctic_training.model.random_llama import RandomLlamaFactory
from arctic_training.optimizer.fused_adam import FusedAdamFactory
from arctic_training.scheduler.huggingface import HFSchedulerFactory
from arctic_training.tokenizer.byte_level_bpe import ByteLevelBPEFactory
from arctic_training.trainer.trainer import Trainer
from tests.support import RECIPE
from tests.tiny import HandTrainer, SGDFactory, hand_config


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
        (HandTrainer, {"name": "x", "config_type": CheckpointConfig}, ["is not a TrainerConfig"]),
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
        (RandomLlamaFactory, {}, ["`random_llama` is arctic_training.model.random_llama"]),
        (
            RandomLlamaFactory,
            {"name": "x", "config_type": HFModelConfig},
            ["its `name` is not the `type` of HFModelConfig, `huggingface`"],
        ),
        (
            RandomLlamaFactory,
            {"name": "x", "create_model": None, "create_config": None},
            [
                "its `create_model` has no effect: override `create`",
                "its `create_config` has no effect: override `create`",
            ],
        ),
        (
            SFTDataFactory,
            {"name": "x", "arranged": None, "trained": None},
            [
                "its `arranged` has no effect: override `build_rows`",
                "its `trained` has no effect: override `mask_options`",
            ],
        ),
        (
            HandTrainer,
            {
                "name": "x",
                "__annotations__": {"model_factory": HFModelFactory},
                "checkpoint_engine": None,
                "post_step_callback": None,
            },
            [
                "its `model_factory` has no effect: assign `model_factory_type`",
                "its `checkpoint_engine` has no effect: assign `checkpoint_engine_type`",
                "its `post_step_callback` has no effect: list the function in `callbacks`",
            ],
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


_MANY = "checkpoint_engine_type"


def test_a_factory_of_ones_own_stands_in_for_another(tmp_path: Path) -> None:
    """A subclass with a name of its own takes the sections of what it extends, in every slot."""
    slots = {
        "data_factory_type": SFTDataFactory,
        "model_factory_type": RandomLlamaFactory,
        "checkpoint_engine_type": DeepSpeedCheckpointEngine,
        "optimizer_factory_type": SGDFactory,
        "scheduler_factory_type": HFSchedulerFactory,
        "tokenizer_factory_type": ByteLevelBPEFactory,
    }
    own = {slot: _define(base, {"name": f"my_{slot}"}) for slot, base in slots.items()}
    trainer = _define(HandTrainer, {"name": "with_own_parts", **own})
    assert issubclass(trainer, HandTrainer)
    running = trainer(hand_config(train_iters=1, checkpoint={"output_dir": str(tmp_path)}))
    running.train()
    assert running.state.global_step == 1
    used = [
        getattr(running, f"make_{slot.removesuffix('_type')}")() for slot in own if slot != _MANY
    ]
    (engine,) = running.make_checkpoint_engines()
    assert [*map(type, used), type(engine)] == [
        *(part for slot, part in own.items() if slot != _MANY),
        own[_MANY],
    ]


def test_a_model_factory_that_extends_the_hubs() -> None:
    """What `create` of a subclass returns is what is trained, under the section of its base."""

    class MyModelFactory(HFModelFactory):
        name = "my_model_factory"

        def create(self) -> nn.Module:
            return super().create()

    class MyTrainer(SFTTrainer):
        name = "my_trainer"
        model_factory_type = MyModelFactory  # type: ignore[assignment]  # fewer than it extends

    assert MyModelFactory.config_type is HFModelConfig
    assert Trainer.named("my_trainer") is MyTrainer
    section = {"type": "huggingface", "name_or_path": "a/b"}
    unbuilt = MyTrainer.__new__(MyTrainer)
    unbuilt.config = SFTTrainerConfig.model_validate({**yaml.safe_load(RECIPE), "model": section})
    assert type(unbuilt.make_model_factory()) is MyModelFactory
    unbuilt.config = SFTTrainerConfig.model_validate(yaml.safe_load(RECIPE))
    with pytest.raises(RecipeError, match="no factory of this type; it has `huggingface`"):
        unbuilt.make_model_factory()


def test_two_factories_of_one_section_are_refused() -> None:
    """A recipe could not choose between them: which one it gets is never left to chance."""
    other = _define(RandomLlamaFactory, {"name": "my_rival"})
    body: dict[str, object] = {"name": "x", "model_factory_type": (RandomLlamaFactory, other)}
    with pytest.raises(RegistryError, match="for one section, RandomLlamaConfig: take one"):
        _define(HandTrainer, body)


def test_a_helper_may_have_the_name_of_a_foreign_member() -> None:
    """A class that overrides our method may call its own helper as it likes."""
    body = {"name": "my_helped", "create": lambda _self: None, "create_model": None}
    assert _define(RandomLlamaFactory, body).__name__ == "Broken"


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
