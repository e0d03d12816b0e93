"""One generator at a time: from reading generated files to the end of rewriting them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from arctic_training.fs.file_lock import locked
from arctic_training.fs.user_cache import ELSEWHERE, cache_folder

__all__ = ["alone_in"]


@contextmanager
def alone_in(roots: Iterable[Path]) -> Iterator[None]:
    """Wait until no other generator works on some generated source roots; keep others out.

    The locks are outside the roots, and everybody acquires them in one order.
    """
    with ExitStack() as locks:
        for root in sorted(set(roots)):
            name = hashlib.sha256(str(root).encode(errors="surrogateescape")).hexdigest()
            file = cache_folder("locks") / f"{name}.lock"
            locks.enter_context(locked(file, remedy=ELSEWHERE))
        yield
