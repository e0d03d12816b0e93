"""The state of every generator of random numbers, in a file that holds nothing but tensors."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch

__all__ = ["load_random_numbers", "save_random_numbers"]


def save_random_numbers(path: Path) -> None:
    """Write the state of the generators of Python, NumPy, PyTorch and its accelerators."""
    version, words, gauss = random.getstate()
    assert gauss is None or isinstance(gauss, float)
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002 - the global generator
    keys = numpy_state["state"]
    state = {
        "python": torch.tensor([version, *words]),
        "python_gauss": torch.tensor([] if gauss is None else [gauss], dtype=torch.float64),
        "numpy": torch.from_numpy(keys["key"].astype(np.int64)),
        "numpy_rest": torch.tensor(
            [keys["pos"], numpy_state["has_gauss"], numpy_state["gauss"]], dtype=torch.float64
        ),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    torch.save(state, path)


def load_random_numbers(path: Path) -> None:
    """Set all generators to the state in the file."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    version, *words = state["python"].tolist()
    gauss = state["python_gauss"].tolist()
    random.setstate((version, tuple(words), gauss[0] if gauss else None))
    position, has_gauss, numpy_gauss = state["numpy_rest"].tolist()
    keys = state["numpy"].numpy().astype(np.uint32)
    np.random.set_state(  # noqa: NPY002 - the global generator
        ("MT19937", keys, int(position), int(has_gauss), numpy_gauss)
    )
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
