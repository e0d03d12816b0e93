"""Whether a model keeps the documents of a row apart."""

from __future__ import annotations

from typing import Final
from weakref import WeakSet

import torch
from torch import Tensor, nn

from arctic_training.errors import RecipeError

__all__ = ["check_isolation"]

_LENGTH: Final = 8
_NEGLIGIBLE: Final = 1e-2
_isolating: Final[WeakSet[nn.Module]] = WeakSet()


def check_isolation(model: nn.Module) -> None:
    """Make sure, once for a model, that a document in a row does not see the one before it.

    transformers tells documents apart by positions that begin anew, where the model and its
    attention support that; where not, it mixes them without a word. So it is tried: tokens of one
    document are changed, and what the model says of the next one may not change. What it says
    when both are one document is the measure.

    Raises:
        RecipeError: the model mixes documents.

    """
    if model in _isolating:
        return
    # Loaded with the first packed row: it takes as long as all that prepares data.
    from arctic_training.model.documents import attend_by_document

    attend_by_document(model)
    device = next(model.parameters()).device
    ids = torch.arange(2 * _LENGTH, device=device)[None]
    changed = ids.clone()
    changed[:, :_LENGTH] = ids[:, :_LENGTH].flip(1)
    joined = torch.arange(2 * _LENGTH, device=device)[None]
    apart = joined % _LENGTH
    was_training = model.training
    model.eval()
    seen = _difference(model, ids, changed, apart)
    whole = _difference(model, ids, changed, joined)
    model.train(was_training)
    if not seen <= _NEGLIGIBLE * whole:
        raise RecipeError(
            ("data", "pack_samples"),
            "the model mixes the documents of a row: one sees the tokens of another",
            code="not-supported",
            hint="set `pack_samples: false`, or choose another `attn_implementation`",
        )
    _isolating.add(model)


@torch.no_grad()
def _difference(model: nn.Module, ids: Tensor, changed: Tensor, positions: Tensor) -> float:
    """Return how far two first documents make the logits of the same second one differ."""
    logits = [
        model(input_ids=each, position_ids=positions, use_cache=False).logits[:, _LENGTH:].float()
        for each in (ids, changed)
    ]
    return float((logits[0] - logits[1]).abs().max())
