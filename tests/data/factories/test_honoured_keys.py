"""Keys of a data section that a factory of the user's never reads are refused at the key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from typing_extensions import override

from arctic_training.config.base import SectionConfig
from arctic_training.config.data import SFTDataConfig
from arctic_training.core.loss_output import LossOutput
from arctic_training.data.batches import SFTBatch
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.factories.causal import CausalDataFactory
from arctic_training.data.factories.honoured_keys import ignored_keys
from arctic_training.data.factories.preference import PreferenceDataFactory
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.factories.unpaired import UnpairedDataFactory
from arctic_training.data.factory import DataFactory
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.data.store.samples import Sample
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.tokenizer.byte_level_bpe import ByteLevelBPEFactory
from arctic_training.trainer.data_stage import DataStage
from tests.tiny import HandTrainer, hand_config, jsonl, ragged

_DIV = SFTDataConfig.model_fields["div_length"].default

_ONE_VALUE = {
    "always_max_length", "drop_last", "filter_samples", "fuse_positions_prob",
    "repeat_to_pack_max_length",
}  # fmt: skip


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


class _Seeds(SFTDataFactory, abstract=True):
    """Changes nothing of the built-in one."""


@pytest.mark.parametrize(
    "factory", [CausalDataFactory, SFTDataFactory, PreferenceDataFactory, UnpairedDataFactory]
)
def test_built_in_factories_read_all_their_keys(factory: type[DataFactory[Any, Any]]) -> None:
    """No key of a section or of a source that a built-in factory takes is without effect."""
    from arctic_training.data.factories import honoured_keys as honoured
    from arctic_training.data.factories.reachable_attributes import reachable

    reached = reachable(factory, "create", honoured.NOT_FOLLOWED)
    section = factory.config_type
    models = [section, *_models(section.model_fields["sources"].annotation)]
    names = {name for model in models for name in model.model_fields} - honoured.OF_THE_RUN
    assert {name for name in names if not reached.reads(name)} <= _ONE_VALUE
    assert not reached.reads_all


def _seed(section: SFTDataConfig) -> int:
    return section.seed


class _Direct(DataFactory[SFTDataConfig, SFTBatch], abstract=True):
    """Makes everything itself."""

    name = "sft"
    config_type = SFTDataConfig

    @override
    def create(self) -> EpochLoader[SFTBatch]:
        sources: Iterable[SectionConfig] = self.config.sources
        rows = [str(source) for source in sources]
        size = self.trainer.config.micro_batch_size
        seed = _seed(self.config)
        return EpochLoader(rows, _no_batch, micro_batch_size=size, seed=seed)

    @override
    def count_tokens(self, batch: SFTBatch) -> int:
        return 0


def _no_batch(_: list[str]) -> SFTBatch:
    raise NotImplementedError


class _Encoding(SFTDataFactory, abstract=True):
    """Reads its sources itself; the rest is the built-in factory's."""

    @override
    def encoded(self) -> Iterator[Sample]:
        return self.tokenised(ragged(len(self.config.sources)))


class _Loading(SFTDataFactory, abstract=True):
    """Filters what the built-in factory loads."""

    @override
    def load(self) -> Iterator[Conversation]:
        return filter(bool, super().load())


class _Dumping(_Direct, abstract=True):
    """Takes the section as a whole."""

    @override
    def create(self) -> EpochLoader[SFTBatch]:
        assert self.config.model_dump()
        return super().create()


def _trainer(factory: type[DataFactory[SFTDataConfig, SFTBatch]]) -> type[HandTrainer]:
    class _Own(HandTrainer, abstract=True):
        @override
        def make_data_factory(self) -> Any:
            return factory(self, self.config.data)

        @override
        def loss(self, batch: SFTBatch) -> LossOutput:
            assert self.config.data.max_length
            return super().loss(batch)

    return _Own


_SPLIT = {"train_eval_split": [0.9, 0.1]}


@pytest.mark.parametrize(
    ("factory", "changes", "refused"),
    [
        (_Direct, {}, []),
        (_Direct, _SPLIT, ["train_eval_split"]),
        (_Direct, {"seed": 7, "num_proc": 2, "max_length": 100}, []),
        (_Direct, {"pack_samples": True, "pad_to": "max_length"}, ["pack_samples", "pad_to"]),
        (_Direct, {"dl_num_workers": 2, "streaming": True}, ["streaming", "dl_num_workers"]),
        (_Direct, {"cache_dir": "./c", "mask_inputs": False}, ["cache_dir", "mask_inputs"]),
        (_Encoding, _SPLIT, ["train_eval_split"]),
        (_Encoding, {"streaming": True}, ["streaming"]),
        (_Encoding, {"pack_samples": True, "cache_dir": "./c", "over_length": "split"}, []),
        (_Loading, _SPLIT | {"streaming": True, "cache_dir": "./c", "pad_to": "max_length"}, []),
        (_Dumping, _SPLIT | {"pack_samples": True}, []),
        (_Seeds, _SPLIT | {"pack_samples": True}, []),
    ],
)
def test_keys_of_the_section(
    factory: type[DataFactory[SFTDataConfig, SFTBatch]],
    changes: dict[str, object],
    refused: list[str],
    tmp_path: Path,
) -> None:
    """A key that is set to another value is refused if no code of the factory reads it.

    What the built-in base, a helper or the trainer's loss reads counts as read.
    """
    data = {"sources": jsonl(tmp_path / "a.jsonl", ragged(3)), "div_length": _DIV, **changes}
    trainer = _trainer(factory).unbuilt(hand_config(data=data))
    problems = [*ignored_keys(trainer.make_data_factory())]
    assert [problem.pointer for problem in problems] == [("data", name) for name in refused]


def test_keys_of_a_changed_section(tmp_path: Path) -> None:
    """A trainer may give its factory a changed copy of the section; its keys are checked too."""

    class _Changing(HandTrainer, abstract=True):
        @override
        def make_data_factory(self) -> Any:
            changes = {"train_eval_split": (0.5, 0.5)}
            return _Direct(self, self.config.data.model_copy(update=changes))

    data = {"sources": jsonl(tmp_path / "a.jsonl", ragged(3)), "div_length": _DIV, "seed": 7}
    with pytest.raises(UnusableRecipeError) as caught:
        _Changing(hand_config(data=data))
    found = [problem.pointer for problem in caught.value.problems]
    assert ("data", "train_eval_split") in found
    assert {pointer[0] for pointer in found} == {"data"}


@pytest.mark.parametrize("factory", [_Direct, _Encoding, _Loading])
def test_keys_of_the_sources(
    factory: type[DataFactory[SFTDataConfig, SFTBatch]], tmp_path: Path
) -> None:
    """Keys of sources, for training and for evaluation, are refused where they stand.

    `eval_sources` is the run's: a factory is given them as its sources.
    """
    source = jsonl(tmp_path / "a.jsonl", ragged(3)) | {"sample_count": 2}
    data = {"sources": [source], "eval_sources": [source | {"weight": 1}], "div_length": _DIV}
    kind = _trainer(factory)
    with pytest.raises(UnusableRecipeError) as caught:
        kind(hand_config(data=data, eval_interval=0))
    found = {problem.pointer for problem in caught.value.problems if problem.code != "conflict"}
    expected = {  # beside `eval_interval`, which is refused for all
        ("data", "sources", 0, "sample_count"),
        ("data", "eval_sources", 0, "sample_count"),
        ("data", "eval_sources", 0, "weight"),
    }
    assert found == (set() if factory is _Loading else expected)


def test_a_length_that_the_model_says_is_not_the_users(tmp_path: Path) -> None:
    """`max_length` that is taken from the model is not refused where nothing reads it."""

    class _Own(HandTrainer, abstract=True):
        @override
        def make_data_factory(self) -> Any:
            return _Direct(self, self.config.data)

    data = {"sources": jsonl(tmp_path / "a.jsonl", ragged(3)), "div_length": _DIV}
    for length, refused in ((None, 0), (100, 1)):
        config = hand_config(data=data | {"max_length": length})
        trainer = _Own.unbuilt(config)
        assert trainer.config.data.max_length
        assert len([*ignored_keys(trainer.make_data_factory())]) == refused


def test_nothing_to_prepare(tmp_path: Path) -> None:
    """`process-data` of a factory that keeps nothing is refused; one that keeps data prepares."""
    source = jsonl(tmp_path / "a.jsonl", ragged(3))
    data = {"sources": source, "div_length": _DIV, "cache_dir": str(tmp_path / "cache")}
    DataStage(_trainer(_Loading), hand_config(data=data)).prepare_all()
    assert (tmp_path / "cache" / "rows").is_dir()
    del data["cache_dir"]
    stage = DataStage(_trainer(_Direct), hand_config(data=data))
    with pytest.raises(RecipeError, match="keeps no prepared data") as caught:
        stage.prepare_all()
    assert caught.value.pointer == ("data", "type")


class _Lower(ByteLevelBPEFactory, abstract=True):
    """Says that it made the tokenizer."""

    @override
    def create(self) -> Any:
        tokenizer = super().create()
        tokenizer.name_or_path = "lower"
        return tokenizer


class _OwnParts(HandTrainer, abstract=True):
    @override
    def make_data_factory(self) -> _Loading:
        return _Loading(self, self.config.data)

    @override
    def make_tokenizer_factory(self) -> _Lower:
        return _Lower(self, self.config.tokenizer)


def test_the_data_stage_takes_the_factories_of_the_trainer(tmp_path: Path) -> None:
    """`process-data` and `show-data` prepare with what the trainer makes, overridden or not."""
    data = {"sources": jsonl(tmp_path / "a.jsonl", ragged(3))}
    stage = DataStage(_OwnParts, hand_config(data=data))
    assert type(stage.data) is _Loading
    assert stage.tokenizer.name_or_path == "lower"
