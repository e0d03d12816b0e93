"""Whether a model keeps the documents of packed rows apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from arctic_training.errors import RecipeError

__all__ = ["check_isolation", "check_packed_call"]

_LENGTH: Final = 8
_NEGLIGIBLE: Final = 1e-2
_probed: Final[WeakKeyDictionary[nn.Module, set[int]]] = WeakKeyDictionary()


def check_isolation(model: nn.Module, rows: int) -> None:
    """Verify, once for a model and a number of rows, that documents in a row are kept apart.

    transformers tells documents apart by positions that start again, where the model and its
    attention support that; otherwise it mixes them silently. Flash attention supports it in one
    row and not in several. So it is probed: tokens of one document are changed, and the logits of
    the next one may not change. How much they change when both are one document is the measure.

    Args:
        model: a causal language model of transformers.
        rows: the number of rows of the batches that it gets.

    Raises:
        RecipeError: the model mixes documents.

    """
    if rows in _probed.setdefault(model, set()):
        return
    _probed[model].add(rows)  # before the probe: a frozen model checks the calls that it gets
    if not _isolates(model, rows):
        _probed[model].discard(rows)
        raise RecipeError(
            ("data", "pack_samples"),
            "the model mixes the documents of a row: one sees the tokens of another",
            code="not-supported",
            hint="set `pack_samples: false`, or choose another `attn_implementation`",
        )


def check_packed_call(model: nn.Module, arguments: Mapping[str, object]) -> None:
    """Do the same for a call of a model, if it gets rows of several documents.

    Raises:
        RecipeError: the model mixes documents.

    """
    positions = arguments.get("position_ids")
    if not isinstance(positions, Tensor) or len(positions) in _probed.get(model, ()):
        return
    if (positions.diff() < 0).any():
        check_isolation(model, len(positions))


def _isolates(model: nn.Module, rows: int) -> bool:
    # Loaded with the first packed row: it takes as long as all that prepares data.
    from arctic_training.model.packed_attention import attend_by_document

    attend_by_document(model)
    device = next(model.parameters()).device
    ids = torch.arange(2 * _LENGTH, device=device).repeat(rows, 1)
    changed = ids.clone()
    changed[:, :_LENGTH] = ids[:, :_LENGTH].flip(1)
    joined = torch.arange(2 * _LENGTH, device=device).repeat(rows, 1)
    was_training = model.training
    model.eval()
    mixed = _difference(model, ids, changed, joined % _LENGTH)
    whole = _difference(model, ids, changed, joined)
    model.train(was_training)
    return mixed <= _NEGLIGIBLE * whole


@torch.no_grad()
def _difference(model: nn.Module, ids: Tensor, changed: Tensor, positions: Tensor) -> float:
    """Return how far two first documents make the logits of the same second one differ."""
    logits = [
        model(input_ids=each, position_ids=positions, use_cache=False).logits[:, _LENGTH:].float()
        for each in (ids, changed)
    ]
    return float((logits[0] - logits[1]).abs().max())
