"""The loaders of a run: of what it trains on, and of each set that it evaluates on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from arctic_training.config.data import DataConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.random_state import random_numbers, replayed
from arctic_training.data.factory import DataFactory
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.errors import RecipeError

__all__ = ["evaluation_factories", "evaluation_loaders", "evaluation_problems", "train_loader"]

_APART: Final = {"eval_sources": (), "streaming": False}
"""Fields in which the section of an evaluation set differs from the one of training."""

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


def train_loader(factory: DataFactory[DataConfig, BatchT]) -> EpochLoader[BatchT]:
    """Return the loader of this process's share of the training data."""
    loader = _shared(factory)
    return loader.repeat_first() if factory.trainer.config.overfit_first_batch else loader


def _shared(factory: DataFactory[DataConfig, BatchT]) -> EpochLoader[BatchT]:
    """Return the loader of this process's share; a loss that mixes a batch gets it whole."""
    keeps_batches = factory.trainer.coupling == "micro_batch"
    return factory.create().share(factory.trainer.mesh, keeps_batches=keeps_batches)


def evaluation_loaders(
    factories: Mapping[str, DataFactory[DataConfig, BatchT]],
) -> dict[str, EpochLoader[BatchT]]:
    """Return the loader of each set, in order; no random number of training's is drawn."""
    with replayed(random_numbers()):
        return {name: _shared(factory).in_order() for name, factory in factories.items()}


def evaluation_factories(
    factory: DataFactory[DataConfig, BatchT],
) -> dict[str, DataFactory[DataConfig, BatchT]]:
    """Return a data factory for each evaluation set, by name: the training one's, other sources.

    So samples for evaluation are processed by the same code and options as those for training. What
    `train_eval_split` keeps from training is one set, `eval`.
    """
    names = factory.config.eval_names
    if factory.config.train_eval_split[1]:
        held_out = _evaluating(factory, {})
        held_out.is_held_out = True
        return dict.fromkeys(names, held_out)
    sources = factory.config.eval_sources
    chosen = {name: tuple(s for s in sources if s.eval_name == name) for name in names}
    return {name: _evaluating(factory, _APART | {"sources": own}) for name, own in chosen.items()}


def _evaluating(
    factory: DataFactory[DataConfig, BatchT], changes: Mapping[str, object]
) -> DataFactory[DataConfig, BatchT]:
    evaluating = type(factory)(factory.trainer, factory.config.model_copy(update=changes))
    evaluating.is_evaluated = True
    return evaluating


def evaluation_problems(config: TrainerConfig) -> Iterator[RecipeError]:
    """Iterate over what keeps a recipe from evaluating as it says."""
    is_evaluated = bool(config.data.eval_names)
    if is_evaluated and not config.eval_interval:
        given = "train_eval_split" if config.data.train_eval_split[1] else "eval_sources"
        message = f"what `{given}` is for is never done: `eval_interval` is 0"
        yield RecipeError(("data", given), message, code="conflict")
    if config.eval_interval and not is_evaluated:
        message = "there is nothing to evaluate: `data.eval_sources` is empty"
        yield RecipeError(("eval_interval",), message, code="conflict")
