"""Errors of loading by name from the hub or from a folder, and advice about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["LOADING_HINT", "first_line", "is_missing_path", "loading_advice"]

LOADING_HINT: Final = (
    "a local folder is written as `./folder`, `/folder` or `~/folder`; "
    "HF_HUB_OFFLINE=1 looks for names in the local cache alone"
)


_SIGN_IN: Final = "sign in with `hf auth login`, or set HF_TOKEN"
_ADVICE: Final = {
    "GatedRepoError": f"ask for access at https://huggingface.co/{{name}}, then {_SIGN_IN}",
    "RepositoryNotFoundError": f"check the name; if it is private, {_SIGN_IN}; {LOADING_HINT}",
    "DisabledRepoError": "its owner or the hub has disabled it: choose another",
    "RevisionNotFoundError": "check the revision: a branch, a tag or a commit of the repository",
}
"""What to do, by the name of an exception of huggingface_hub."""

_OFFLINE: Final = (
    "the hub cannot be reached, or HF_HUB_OFFLINE is set: give a local folder, as `./folder`; or "
    "load it once where there is a network, and copy ~/.cache/huggingface here; behind a proxy, "
    "set HTTPS_PROXY"
)


def loading_advice(name: str, error: BaseException) -> str:
    """Return advice about a model or data set that cannot be loaded: access, or network."""
    causes = [*_causes(error)]
    for cause in causes:
        for kind in type(cause).__mro__:
            if kind.__name__ in _ADVICE:
                return _ADVICE[kind.__name__].format(name=name)
    said = " ".join(map(str, causes)).casefold()
    if "gated repo" in said:
        return _ADVICE["GatedRepoError"].format(name=name)
    if any(each in said for each in ("couldn't connect", "offline", "couldn't reach")):
        return _OFFLINE
    return LOADING_HINT


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Iterate over an exception and those that it was raised from."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def first_line(error: Exception) -> str:
    """Return the first line of what an error says: libraries append their own advice."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def is_missing_path(name_or_path: str) -> bool:
    """Return whether a name is the path of something that is not there; a recipe's are absolute."""
    path = Path(name_or_path)
    return path.is_absolute() and not path.exists()
