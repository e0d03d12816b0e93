"""Arrays that are files: mapped into memory, and sent to other processes by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Parcel", "mapped", "opened", "parcel"]

Scalar = TypeVar("Scalar", bound=np.generic)


class Parcel(NamedTuple, Generic[Scalar]):
    """A whole file, as an array of one kind of numbers."""

    path: Path
    kind: type[Scalar]


def mapped(path: Path, kind: type[Scalar]) -> NDArray[Scalar]:
    """Return the numbers of a file, of shape (numbers); they are read when they are looked at."""
    if not path.stat().st_size:
        return np.empty(0, kind)
    # Private pages, which torch takes without a warning; they are never written to.
    file: np.memmap[Any, np.dtype[Scalar]] = np.memmap(path, kind, "c")
    return np.asarray(file)


def parcel(array: NDArray[Scalar]) -> NDArray[Scalar] | Parcel[Scalar]:
    """Return what is sent in place of an array: the name of its file, if it is one."""
    file = array.base
    if isinstance(file, np.memmap) and file.filename and file.nbytes == array.nbytes:
        return Parcel(Path(file.filename), array.dtype.type)
    return array


def opened(sent: NDArray[Scalar] | Parcel[Scalar]) -> NDArray[Scalar]:
    """Return the array for which ``parcel`` was sent."""
    return mapped(*sent) if isinstance(sent, Parcel) else sent
