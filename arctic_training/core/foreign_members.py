"""Members of a class that ArcticTraining or an earlier version calls, and this one does not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

__all__ = ["foreign_member_problems", "renamed_member_problems"]


class _Foreign(NamedTuple):
    """Members of ArcticTraining's classes, and the member that does the same here."""

    pattern: str
    ours: str
    remedy: str


_FOREIGN: Final = (
    _Foreign(r"(data|model|optimizer|scheduler|tokenizer)_factory", r"\1_factory_type", "assign"),
    _Foreign(r"checkpoint_engine", "checkpoint_engine_type", "assign"),
    _Foreign(
        r"create_(?:model|config|optimizer|scheduler|tokenizer|dataloader)", "create", "override"
    ),
    _Foreign(r"(?:pre|post)_\w+_callback", "callbacks", "list the function in"),
)


def foreign_member_problems(cls: type) -> Iterator[str]:
    """Find what a class defines as ArcticTraining's classes do, and what would never be used.

    A class that defines our member as well may use the other from there.
    """
    own = {**vars(cls), **vars(cls).get("__annotations__", {})}
    for name in own:
        for foreign in _FOREIGN:
            if found := re.fullmatch(foreign.pattern, name):
                ours = found.expand(foreign.ours)
                if ours not in own and not _is_inherited(cls, name):
                    yield f"its `{name}` has no effect: {foreign.remedy} `{ours}`"


def renamed_member_problems(cls: type) -> Iterator[str]:
    """Find members that a class defines under an old name, which is no longer called.

    The bases have the new names of members by their old ones in ``_renamed_members``.
    """
    for base in cls.__mro__[1:]:
        renamed: Mapping[str, str] = vars(base).get("_renamed_members", {})
        for old, new in renamed.items():
            if old in vars(cls) and new not in vars(cls) and not _is_inherited(cls, old):
                yield f"its `{old}` has no effect: override `{new}`"


def _is_inherited(cls: type, name: str) -> bool:
    return any(name in vars(base) for base in cls.__mro__[1:])
