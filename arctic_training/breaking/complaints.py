"""Findings about pairs of keys and of values: a complaint says what is wrong, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from arctic_training.breaking.pairs import KeyPair, key_pairs, value_pairs
from arctic_training.breaking.rule import Find, broken
from arctic_training.breaking.types import core, takes
from arctic_training.definition.definition import Definition
from arctic_training.definition.fields.types import FieldType
from arctic_training.definition.rules import Finding
from arctic_training.document import shown

__all__ = ["default_change", "of_keys", "of_limits", "of_values"]

_OfKey: TypeAlias = Callable[[KeyPair], str]
_OfValue: TypeAlias = Callable[[FieldType, FieldType], str]


def of_values(complaint: _OfValue) -> Find:
    """Return what finds the values whose types, as they were and are, give a complaint."""
    return partial(_values, complaint)


def of_limits(complaint: _OfValue) -> Find:
    """Return the same for values of like types, which only limits can tell apart."""
    return partial(_values, partial(_of_like, complaint))


def of_keys(complaint: _OfKey) -> Find:
    """Return what finds the keys that give a complaint."""
    return partial(_keys, complaint)


def default_change(pair: KeyPair) -> str:
    """Return how a key differs for recipes that do not give it; nothing where they have to."""
    if not pair.old or not pair.new or pair.old.is_required or pair.new.is_required:
        return ""
    before, now = pair.old.default, pair.new.default
    is_same = _told_apart(before) == _told_apart(now)
    return "" if is_same else f"is {_said(now)} by default, and was {_said(before)}"


def _told_apart(value: object) -> object:
    """Return a value that equals another where JSON has one for both: 1 is 1.0, and not true."""
    match value:
        case bool():
            return (bool, value)
        case list():
            return [_told_apart(item) for item in value]
        case dict():
            return {key: _told_apart(item) for key, item in value.items()}
        case _:
            return value


def _said(default: object) -> str:
    match default:
        case None:
            return "null"
        case str() | int() | float():
            return shown(default)
        case _:
            return "other values"


def _values(complaint: _OfValue, old: Definition, new: Definition) -> Iterator[Finding]:
    for pair in value_pairs(old, new):
        if said := complaint(pair.old, pair.new):
            before, now = pair.places
            yield broken(message=f"`{pair.way}` {said}", new=now, old=before)


def _of_like(complaint: _OfValue, old: FieldType, new: FieldType) -> str:
    is_like = type(core(old)) is type(core(new)) and takes(old, new)
    return complaint(old, new) if is_like else ""


def _keys(complaint: _OfKey, old: Definition, new: Definition) -> Iterator[Finding]:
    for pair in key_pairs(old, new):
        if said := complaint(pair):
            now = pair.new.key if pair.new else pair.section
            before = pair.old.key if pair.old else None
            yield broken(message=f"`{pair.way}` {said}", new=now, old=before)
