"""Rules about checkpoints: whether a saved run can resume with its recipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.breaking.complaints import default_change, of_keys
from arctic_training.breaking.pairs import KeyPair, slot_pairs
from arctic_training.breaking.rule import BreakingRule, Contract, broken, rule
from arctic_training.config.resume_changes import may_change
from arctic_training.definition.definition import Definition
from arctic_training.definition.rules import Finding

__all__ = ["CHECKPOINT_RULES", "TRAINER_REMOVED"]


def _renamed(old: Definition, new: Definition) -> Iterator[Finding]:
    if old.name != new.name:
        message = f"the trainer is called `{new.name}`, and was called `{old.name}`"
        yield broken(message=message, new=new.name_key, old=old.name_key)


def _factory_removed(old: Definition, new: Definition) -> Iterator[Finding]:
    for before, now in slot_pairs(old, new):
        kept = {factory.name for factory in now.factories}
        for factory in before.factories:
            if factory.name not in kept:
                message = f"`{now.slot.section}` cannot be of type `{factory.name}` any more"
                yield broken(message=message, new=now.place.key, old=before.place.key)


def _default_changed(old: Definition, new: Definition) -> Iterator[Finding]:
    for before, now in slot_pairs(old, new):
        names = before.factories[0].name, now.factories[0].name
        if names[0] != names[1] and not may_change((now.slot.section, "type")):
            message = f"`{now.slot.section}` without a type is `{names[1]}`, and was `{names[0]}`"
            yield broken(message=message, new=now.place.key, old=before.place.key)


def _held(pair: KeyPair) -> str:
    return default_change(pair) if pair.is_held else ""


def _removed(old: Definition, new: Definition) -> Iterator[Finding]:
    """Find nothing: of two definitions, none is missing."""
    del old, new
    yield from ()


TRAINER_REMOVED: Final = rule(
    Contract.CHECKPOINT,
    "trainer-removed",
    "There is no definition of a trainer any more.",
    _removed,
    "name: mine\n",
    "",
    "name: mine\ndescription: Still mine.\n",
)


def _own(schema: str) -> str:
    return (
        "model_factory_type:\n"
        "  name: wide\n"
        "  class: mine_model:Wide\n"
        "  extends: huggingface\n"
        f"  config_type: {{properties: {{x: {{{schema}}}}}}}\n"
    )


CHECKPOINT_RULES: Final[tuple[BreakingRule, ...]] = (
    rule(
        Contract.CHECKPOINT,
        "trainer-renamed",
        "The `type` that recipes and checkpoints give means no trainer any more.",
        _renamed,
        "name: mine\n",
        "name: ours\n",
        "name: mine\ndescription: Still mine.\n",
    ),
    rule(
        Contract.CHECKPOINT,
        "factory-removed",
        "A section cannot be of a type any more that it was saved with.",
        _factory_removed,
        "model_factory_type: [huggingface, random_llama]\n",
        "model_factory_type: huggingface\n",
        "model_factory_type: [huggingface, random_llama]\ncoupling: sample\n",
    ),
    rule(
        Contract.CHECKPOINT,
        "default-factory-changed",
        "A section without a type is of another one than when the run was saved.",
        _default_changed,
        "model_factory_type: [huggingface, random_llama]\n",
        "model_factory_type: [random_llama, huggingface]\n",
        "checkpoint_engine_type: [huggingface, deepspeed]\n",
    ),
    rule(
        Contract.CHECKPOINT,
        "held-default-changed",
        "A key of a section that must not change on resuming has another default.",
        of_keys(_held),
        _own("type: integer, default: 1"),
        _own("type: integer, default: 2"),
        _own("type: integer, default: 1, minimum: 1"),
    ),
)
"""The rules of the contract of checkpoints, beside that of the trainers that are gone."""
