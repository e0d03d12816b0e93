"""Digests of what decides the content of prepared data: files, tokenizers, code."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from arctic_training.fs.atomic_file import write_file
from arctic_training.fs.user_cache import cache_folder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = [
    "digest",
    "digest_of_code",
    "digest_of_module",
    "digest_of_tokenizer",
    "digests_of_files",
]

_LIBRARIES: Final = ("datasets", "jinja2", "pyarrow", "tokenizers", "transformers")
_SETTLED: Final = 2.0
"""How many seconds after its last change a file's times surely tell a further change."""


def digest(value: object) -> str:
    """Return the digest of a value that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def digests_of_files(paths: Iterable[Path]) -> list[str]:
    """Return the digest of the content of each file.

    It is read once: as long as a file's size, place on the disk and times of change, which no
    program can set back, stay as they are, the digest of last time holds.
    """
    return [_digest_of_file(path) for path in paths]


def digest_of_tokenizer(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the digest of all that decides how strings are tokenised; no chat template."""
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    if tokenizer.is_fast:
        backend = tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        return digest([backend.to_str(), special])
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        return digest([[_read(path) for path in files], special])


def digest_of_code(factory: type) -> str:
    """Return the digest of the code that makes tokens, and of the libraries that it uses.

    That is all of this package's modules of data, and of a factory of the user's own its module,
    with what that takes from modules beside it.
    """
    paths = sorted(Path(__file__).parents[1].rglob("*.py"))
    followed: set[str] = set()
    for base in factory.__mro__:
        if not base.__module__.startswith("arctic_training."):
            paths += _followed(base.__module__, followed)
    return digest([*map(_read, paths), *map(version, _LIBRARIES)])


def digest_of_module(name: str) -> str:
    """Return the digest of an imported module, with what it takes from modules beside it.

    Of one that is installed, it is the module alone; of one that is built into Python, nothing.
    """
    file = getattr(sys.modules.get(name), "__file__", None)
    paths = [*_followed(name, set())] or ([Path(file)] if file else [])
    return digest([*map(_read, paths)])


def _followed(name: str, followed: set[str]) -> Iterator[Path]:
    """Iterate over the files of a module that is not installed, and of those that it uses."""
    path = getattr(sys.modules.get(name), "__file__", None) or "site-packages"
    installed = "site-packages" in path or name.split(".", maxsplit=1)[0] in sys.stdlib_module_names
    if name in followed or installed or name.startswith("arctic_training."):
        return
    followed.add(name)
    yield Path(path)
    for value in list(vars(sys.modules[name]).values()):
        used = value.__name__ if isinstance(value, type(sys)) else getattr(value, "__module__", "")
        if isinstance(used, str) and used not in followed:
            yield from _followed(used, followed)


def _digest_of_file(path: Path) -> str:
    found = path.stat()
    seen = [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    place = cache_folder("digests") / digest(str(path.resolve()))
    with suppress(OSError, ValueError, KeyError):
        known = json.loads(place.read_text())
        if known["seen"] == seen:
            return str(known["digest"])
    read = _read(path)
    if max(found.st_mtime, found.st_ctime) < time.time() - _SETTLED:
        _remember(place, {"seen": seen, "digest": read})
    return read


def _remember(place: Path, record: dict[str, object]) -> None:
    with suppress(OSError):  # without a record, the next run takes longer
        write_file(place, json.dumps(record), is_durable=False)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
