"""Keys of a data section that its factory never reads, found in code before data is prepared.

A factory of the user's has the keys of the built-in section that its own extends. A key that
nothing reads on the way from ``create`` would silently have no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from arctic_training.config.base import SectionConfig
from arctic_training.config.data import DataConfig
from arctic_training.config.slots import SLOTS
from arctic_training.data.factories.reachable_attributes import PACKAGE, Reachable, reachable
from arctic_training.data.factory import DataFactory
from arctic_training.data.store.cache import DataCache
from arctic_training.errors import RecipeError

__all__ = ["NOT_FOLLOWED", "OF_THE_RUN", "ignored_keys", "uncached_problem"]

NOT_FOLLOWED: Final = frozenset(
    {"_keys", "is_streamed", "option_problems", "problems"}
    | {"make_frozen_model_factories", *(slot.maker for slot in SLOTS)}
)
"""Methods that only check keys or tell caches apart by them, and that make other factories."""

OF_THE_RUN: Final = frozenset(
    {
        "cache_fs_type",
        "cache_processed_data",
        "eval_name",
        "eval_sources",
        "num_proc",
        "process",
        "type",
        "use_data_cache",
    }
)
"""Keys that the run honours for every factory, or that have one value only."""

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


def ignored_keys(factory: DataFactory[DataConfig, BatchT]) -> Iterator[RecipeError]:
    """Iterate over the keys that the recipe sets and that a factory of the user's never reads."""
    if type(factory).__module__.startswith(PACKAGE):
        return
    reached = _reached(factory)
    sections: list[SectionConfig] = [*factory.config.sources]
    if not factory.is_evaluated:
        sections.append(factory.config)
    for section in sections:
        for name in _set_keys(section):
            if not reached.reads(name):
                message = f"the data factory `{factory.name}` never reads `{name}`"
                hint = "remove the key, or let the factory's `create` read it"
                error = RecipeError((name,), message, code="not-supported", hint=hint)
                yield factory.located(error, section)


def uncached_problem(factory: DataFactory[DataConfig, BatchT]) -> RecipeError | None:
    """Return why there is nothing to prepare beforehand: a factory keeps nothing in the cache."""
    if _reached(factory).calls(DataCache.folder):
        return None
    message = f"the data factory `{factory.name}` keeps no prepared data: it makes it in each run"
    hint = "start the run itself, or let the factory keep the `create` of a built-in one"
    return factory.problem("type", message, code="not-supported", hint=hint)


def _reached(factory: DataFactory[DataConfig, BatchT]) -> Reachable:
    """Follow ``create``, and all that the user's trainer does: it may read a key as well."""
    return reachable(type(factory), "create", NOT_FOLLOWED, [type(factory.trainer)])


def _set_keys(section: SectionConfig) -> Iterator[str]:
    """Iterate over the keys of built-in sections that the recipe sets to no default."""
    for name, field in type(section).model_fields.items():
        is_own = not any(
            base.__module__.startswith(PACKAGE) and name in getattr(base, "model_fields", {})
            for base in type(section).__mro__
        )
        is_set = name in section.model_fields_set and not field.is_required()
        if is_own or name in OF_THE_RUN or not is_set:
            continue
        if getattr(section, name) != field.get_default(call_default_factory=True):
            yield name
