"""Environment variables that have no effect here."""

from __future__ import annotations

import os
from collections.abc import Iterator

__all__ = ["unused_environment"]


def unused_environment() -> Iterator[str]:
    """Iterate over warnings about such variables, in the process that the user started."""
    if os.environ.get("USE_RAY", "").lower() in {"1", "true"} and "RANK" not in os.environ:
        yield (
            "USE_RAY has no effect: there is no launcher for Ray; `--launcher` and "
            "`--num-processes` start the processes"
        )
