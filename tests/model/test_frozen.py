"""Models of nested sections: built beside the trained one, and never changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from typing_extensions import override

from arctic_training.config.model import HFModelConfig, ModelConfig, RandomLlamaConfig
from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.data.batches import SFTBatch
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.errors import RecipeError, TrainingError, UnusableRecipeError
from arctic_training.losses.language_modeling import next_token_loss
from arctic_training.model.factory import ModelFactory
from arctic_training.model.huggingface import HFModelFactory
from arctic_training.model.random_llama import RandomLlamaFactory
from tests.tiny import HandConfig, HandTrainer, Recorder, jsonl, ragged, recipe

_SMALL = {"type": "random_llama", "hidden_size": 16, "intermediate_size": 16, "dtype": "bf16"}


class _Config(HandConfig, frozen=True):
    teacher: RandomLlamaConfig | HFModelConfig


class _Trainer(HandTrainer, abstract=True):
    """Takes notes of the teacher in each step, without learning from it."""

    config: _Config

    @override
    def make_frozen_model_factories(self) -> Iterator[ModelFactory[ModelConfig]]:
        match self.config.teacher:
            case RandomLlamaConfig() as section:
                yield RandomLlamaFactory(self, section)
            case HFModelConfig() as section:
                yield HFModelFactory(self, section)

    @property
    def teacher(self) -> nn.Module:
        return self.frozen_model(self.config.teacher)

    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        output = super().loss(batch)
        assert not self.teacher.training
        said: Tensor = self.teacher(input_ids=batch["input_ids"]).logits
        assert not said.requires_grad
        return LossOutput(output.sum, output.count, {**output.terms, "samples": Term(0.0, 1)})


def _config(folder: Path, **changes: object) -> _Config:
    values: dict[str, object] = {
        "type": "hand",
        "data": {"sources": jsonl(folder / "said.jsonl", ragged(6))},
        "train_iters": 2,
        "noise": True,
    }
    return _Config.model_validate(recipe(**(values | changes)))


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def _losses(trainer: HandTrainer) -> list[float]:
    trainer.progress = recorder = Recorder()
    trainer.train()
    return [report.loss for report in recorder.reports]


@pytest.mark.parametrize("stage", [0, 3])
def test_frozen_model_stays_what_it_is(stage: int, tmp_path: Path) -> None:
    """It has a precision of its own, gives no gradient and is not trained.

    It stands outside the engine: no checkpoint holds it, and ZeRO does not spread it out.
    """
    saved = {"output_dir": str(tmp_path / "saved"), "save_end_of_training": True}
    zero = {"zero_optimization": {"stage": stage}}
    trainer = _Trainer(_config(tmp_path, teacher=_SMALL, checkpoint=saved, deepspeed=zero))
    before = _weights(trainer.teacher)
    assert {value.dtype for value in before.values()} == {torch.bfloat16}
    assert not any(parameter.requires_grad for parameter in trainer.teacher.parameters())
    trainer.train()
    for name, value in _weights(trainer.teacher).items():
        assert value.device.type == trainer.device.type
        assert torch.equal(value, before[name])
    inside = {id(parameter) for parameter in trainer.engine.unwrapped.parameters()}
    assert inside.isdisjoint(map(id, trainer.teacher.parameters()))
    names = trainer.engine.full_state_dict().keys()
    assert len(names) == len(set(names)) == len(trainer.engine.unwrapped.state_dict())


def test_building_it_leaves_training_as_it_is(tmp_path: Path) -> None:
    """Random numbers are drawn for a frozen model as for the trained one, and given back.

    A section that equals `model` makes its very weights; the losses of a run, which draw from
    every generator, are those of a run without a frozen model.
    """
    config = _config(tmp_path, teacher=_SMALL)
    twin = _Trainer(_config(tmp_path, teacher=config.model.model_dump()))
    before = _weights(twin.engine.unwrapped)
    for name, value in _weights(twin.teacher).items():
        assert torch.equal(value, before[name])
    without = HandConfig.model_validate(config.model_dump(exclude={"teacher"}))
    assert _losses(_Trainer(config)) == _losses(HandTrainer(without))
    assert _losses(_Trainer(twin.config)) == _losses(HandTrainer(without))


def test_a_frozen_model_that_mixes_packed_documents_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever loss passes packed rows to it, and however many: one document sees no other."""
    trainer = _Trainer(_config(tmp_path, teacher=_SMALL))
    ids, positions = torch.arange(32).reshape(2, 16), torch.arange(16).repeat(2, 1) % 8
    assert trainer.teacher(input_ids=ids, position_ids=positions) is not None
    create = RandomLlamaFactory.create

    def mixing(factory: RandomLlamaFactory) -> nn.Module:
        model = create(factory)
        forward = model.forward

        def forgets(position_ids: Tensor | None = None, **inputs: object) -> object:
            is_kept = position_ids is not None and len(position_ids) == 1
            return forward(**inputs | ({"position_ids": position_ids} if is_kept else {}))

        monkeypatch.setattr(model, "forward", forgets)
        return model

    monkeypatch.setattr(RandomLlamaFactory, "create", mixing)
    teacher = _Trainer(_config(tmp_path, teacher=_SMALL)).teacher
    teacher(input_ids=ids, position_ids=torch.arange(16).repeat(2, 1))
    teacher(input_ids=ids[:1], position_ids=positions[:1])
    for _ in range(2):
        with pytest.raises(RecipeError, match="mixes the documents"):
            teacher(input_ids=ids, position_ids=positions)


@pytest.mark.parametrize(("size", "places"), [(1, []), (2, [("teacher", "attn_implementation")])])
def test_flash_attention_of_a_frozen_model_takes_one_packed_row(
    size: int, places: list[tuple[str, str]], tmp_path: Path
) -> None:
    """With several packed rows a batch, flash attention is refused in nested sections as well."""
    teacher = _SMALL | {"attn_implementation": "flash_attention_2"}
    changes = {"data": {"pack_samples": True}, "micro_batch_size": size}
    trainer = _Trainer(_config(tmp_path, teacher=_SMALL))
    trainer.config = _config(tmp_path, teacher=teacher, **changes)
    factory = SFTDataFactory(trainer, trainer.config.data)
    assert [each.pointer for each in factory.option_problems()] == places


def test_a_missing_folder_is_known_beforehand(tmp_path: Path) -> None:
    """What is wrong with a nested section is found before anything is prepared, at its place."""
    teacher = {"type": "huggingface", "name_or_path": str(tmp_path / "nowhere")}
    with pytest.raises(UnusableRecipeError) as raised:
        _Trainer(_config(tmp_path, teacher=teacher))
    assert [problem.pointer for problem in raised.value.problems] == [("teacher", "name_or_path")]


def test_another_section_has_no_frozen_model(tmp_path: Path) -> None:
    """Asking with a section that is not nested, or with a copy, is an error that says so."""
    trainer = _Trainer(_config(tmp_path, teacher=_SMALL))
    for section in (trainer.config.model, trainer.config.teacher.model_copy()):
        with pytest.raises(TrainingError, match="no frozen model was built from this section"):
            trainer.frozen_model(section)
    assert next_token_loss(trainer, next(iter(trainer.train_batches))).sum > 0
