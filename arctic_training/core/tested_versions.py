"""Installed packages whose versions are outside of those that are tested."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

__all__ = ["untested_packages", "untested_remedy"]

_PACKAGE: Final = "arctic-training-gen"
_NOT_RUN: Final = 'extra == "dev"'


def untested_packages() -> Iterator[Requirement]:
    """Iterate over the requirements of this package, extras included, that an installation breaks.

    What is not installed breaks nothing.
    """
    for text in requires(_PACKAGE) or ():
        if _NOT_RUN in text:
            continue
        try:
            wanted = Requirement(text)
            installed = version(wanted.name)
        except (InvalidRequirement, PackageNotFoundError):
            continue
        if not wanted.specifier.contains(installed, prereleases=True):
            yield wanted


def untested_remedy() -> str:
    """Return which installed versions are untested, and how to get others; empty if none is."""
    try:
        found = [*untested_packages()]
    except PackageNotFoundError:  # imported from a folder that is not installed
        return ""
    if not found:
        return ""
    names = ", ".join(f"{each.name} {version(each.name)}" for each in found)
    wanted = " ".join(f"'{each.name}{each.specifier}'" for each in found)
    return f"untested versions are installed ({names}): pip install {wanted}"
