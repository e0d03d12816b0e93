"""Rules about recipes: their keys, and what they mean where they do not give one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.breaking.complaints import default_change, of_keys
from arctic_training.breaking.pairs import Key, KeyPair, key_pairs
from arctic_training.breaking.rule import (
    BreakingRule,
    Contract,
    broken,
    field_rule,
    rule,
    with_field,
)
from arctic_training.definition.definition import Definition
from arctic_training.definition.rules import Finding

__all__ = ["KEY_RULES"]


def _removed(pair: KeyPair) -> str:
    return "" if pair.new else "is no longer a key"


def _required(pair: KeyPair) -> str:
    if pair.old and pair.new and pair.new.is_required and not pair.old.is_required:
        return "has to be given now"
    return ""


def _added(pair: KeyPair) -> str:
    is_needed = not pair.old and pair.new and pair.new.is_required
    return "is new, and has to be given" if is_needed else ""


def _default(pair: KeyPair) -> str:
    return "" if pair.is_held else default_change(pair)


def _forgotten(pair: KeyPair) -> str:
    if not pair.old or not pair.new:
        return ""
    gone = [name for name in pair.old.former if name not in {*pair.new.former, pair.new.name}]
    return f"is not called `{gone[0]}` any more" if gone else ""


def _merged(old: Definition, new: Definition) -> Iterator[Finding]:
    first: dict[str, Key] = {}
    for pair in key_pairs(old, new):
        if not pair.old or not pair.new:
            continue
        other = first.setdefault(pair.way, pair.old)
        if other.name != pair.old.name:
            names = " and ".join(f"`{name}`" for name in sorted((other.name, pair.old.name)))
            message = f"`{pair.way}` is what {names} were: a recipe that gives both is refused"
            yield broken(message=message, new=pair.new.key, old=pair.old.key)


KEY_RULES: Final[tuple[BreakingRule, ...]] = (
    rule(
        Contract.RECIPE,
        "key-removed",
        "A key is gone, and no other is `renamed_from` it.",
        of_keys(_removed),
        with_field("type: integer, default: 1"),
        "config_type: {properties: {y: {type: integer, default: 1}}}\n",
        "config_type: {properties: {y: {type: integer, default: 1, renamed_from: [x]}}}\n",
    ),
    rule(
        Contract.RECIPE,
        "required-key-added",
        "There is a new key without a default.",
        of_keys(_added),
        with_field("type: integer, default: 1"),
        with_field("type: integer, default: 1}, y: {factory: model"),
        with_field("type: integer, default: 1}, y: {type: integer, default: 1"),
    ),
    field_rule(
        Contract.RECIPE,
        "key-required",
        "A key has lost its default.",
        of_keys(_required),
        "type: integer, default: 1",
        "type: integer",
        "type: integer, default: 1, description: A number.",
    ),
    field_rule(
        Contract.RECIPE,
        "default-changed",
        "A recipe that does not give a key means something else.",
        of_keys(_default),
        "type: number, default: 1",
        "type: number, default: 2",
        "type: number, default: 1.0",
    ),
    field_rule(
        Contract.RECIPE,
        "former-name-removed",
        "A former name of a key is not taken any more.",
        of_keys(_forgotten),
        "type: integer, default: 1, renamed_from: [a, b]",
        "type: integer, default: 1, renamed_from: [b]",
        "type: integer, default: 1, renamed_from: [b, a, c]",
    ),
    rule(
        Contract.RECIPE,
        "keys-merged",
        "Two keys are one now, which recipes may give under one name alone.",
        _merged,
        with_field("type: integer, default: 1}, y: {type: integer, default: 1"),
        with_field("type: integer, default: 1, renamed_from: [y]"),
        with_field("type: integer, default: 1}, z: {type: integer, default: 1, renamed_from: [y]"),
    ),
)
"""The rules of the contract of recipes that are about keys."""
