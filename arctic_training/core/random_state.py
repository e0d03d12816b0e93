"""The state of every generator of random numbers: nothing but tensors, kept or in a file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "RandomNumbers",
    "load_random_numbers",
    "random_numbers",
    "replayed",
    "save_random_numbers",
    "set_random_numbers",
]


class RandomNumbers(TypedDict):
    """The states of the generators of Python, NumPy, PyTorch and this process's accelerator."""

    python: Tensor
    python_gauss: Tensor
    numpy: Tensor
    numpy_rest: Tensor
    torch: Tensor
    cuda: list[Tensor]


def save_random_numbers(path: Path) -> None:
    """Write the state of all generators."""
    torch.save(random_numbers(), path)


def load_random_numbers(path: Path) -> None:
    """Set all generators to the state in the file."""
    set_random_numbers(torch.load(path, map_location="cpu", weights_only=True))


@contextmanager
def replayed(state: RandomNumbers) -> Iterator[None]:
    """Draw the numbers inside from an earlier state; outside, nothing was drawn."""
    now = random_numbers()
    set_random_numbers(state)
    try:
        yield
    finally:
        set_random_numbers(now)


def random_numbers() -> RandomNumbers:
    """Return the state of all generators."""
    version, words, gauss = random.getstate()
    assert gauss is None or isinstance(gauss, float)
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002 - the global generator
    keys = numpy_state["state"]
    return RandomNumbers(
        python=torch.tensor([version, *words]),
        python_gauss=torch.tensor([] if gauss is None else [gauss], dtype=torch.float64),
        numpy=torch.from_numpy(keys["key"].astype(np.int64)),
        numpy_rest=torch.tensor(
            [keys["pos"], numpy_state["has_gauss"], numpy_state["gauss"]], dtype=torch.float64
        ),
        torch=torch.get_rng_state(),
        cuda=[torch.cuda.get_rng_state()] if torch.cuda.is_available() else [],
    )


def set_random_numbers(state: RandomNumbers) -> None:
    """Set all generators."""
    version, *words = state["python"].tolist()
    gauss = state["python_gauss"].tolist()
    random.setstate((version, tuple(words), gauss[0] if gauss else None))
    position, has_gauss, numpy_gauss = state["numpy_rest"].tolist()
    keys = state["numpy"].numpy().astype(np.uint32)
    np.random.set_state(  # noqa: NPY002 - the global generator
        ("MT19937", keys, int(position), int(has_gauss), numpy_gauss)
    )
    torch.set_rng_state(state["torch"])
    for of_this_process in state["cuda"] if torch.cuda.is_available() else ():
        torch.cuda.set_rng_state(of_this_process)
