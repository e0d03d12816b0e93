"""Attention in packed rows that costs what their documents cost, not the square of the row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.weak import WeakTensorKeyDictionary
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

__all__ = ["attend_by_document"]

_NAME: Final = "sdpa_by_document"
_MORE: Final = ("cache", "position_bias", "softcap")
"""What a layer may ask of its attention that is left to transformers."""

_lengths: Final = WeakTensorKeyDictionary()


def attend_by_document(model: nn.Module) -> None:
    """Let a model that attends by ``sdpa`` take the documents of each packed row one by one.

    The mask that keeps documents apart stays what transformers makes of the positions. Of it only
    the squares on the diagonal, one for each document, are computed. On a CPU alone: elsewhere a
    call for each document may cost more than it spares, and there is flash attention.
    """
    inner = getattr(model, "module", model)
    if isinstance(inner, PreTrainedModel) and _kind(inner) == "sdpa":
        inner.set_attn_implementation(_NAME)


def _kind(model: PreTrainedModel) -> str:
    return str(model.config._attn_implementation)  # noqa: SLF001 - it is not told otherwise


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    **others: Any,  # noqa: ANN401 - whatever a layer passes on
) -> tuple[Tensor, None]:
    """Return what the heads attend to, of shape (rows, length, heads, head size).

    ``query`` is of shape (rows, heads, length, head size), and so are ``key`` and ``value``, which
    may have fewer heads. The mask is of shape (rows or 1, 1, length, length).
    """
    positions: Tensor | None = others.get("position_ids")
    if attention_mask is None or positions is None or not _is_plain(query, key, positions, others):
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, **others
        )
    groups = query.shape[1] // key.shape[1]
    parts = (query, repeat_kv(key, groups), repeat_kv(value, groups))
    masks = attention_mask.expand(len(query), -1, -1, -1)
    attend = partial(scaled_dot_product_attention, dropout_p=dropout, scale=scaling)
    rows = []
    for *row, mask, lengths in zip(*parts, masks, _document_lengths(positions), strict=True):
        # A split has one gradient, put together once; slices would have one each, of a whole row.
        of_documents = (torch.split(each, lengths, dim=1) for each in row)
        found = map(attend, *of_documents, _squares(mask, lengths))
        rows.append(torch.cat([*found], dim=1))
    return torch.stack(rows).transpose(1, 2).contiguous(), None


def _is_plain(query: Tensor, key: Tensor, positions: Tensor, others: Mapping[str, object]) -> bool:
    """Return whether whole rows attend to themselves, on a CPU, and their documents are known."""
    return (
        query.device.type == "cpu"
        and query.shape[2] == key.shape[2]
        and positions.shape == (query.shape[0], query.shape[2])
        and all(others.get(name) is None for name in _MORE)
    )


def _squares(mask: Tensor, lengths: list[int]) -> list[Tensor]:
    """Return the part of a row's mask, of shape (1, length, length), that each document has."""
    bounds = accumulate(lengths, initial=0)
    return [mask[:, start:end, start:end] for start, end in pairwise(bounds)]


def _document_lengths(positions: Tensor) -> list[list[int]]:
    """Return the tokens of each document of each row, found once for all layers."""
    if positions not in _lengths:
        begun = [(row.diff() != 1).nonzero().flatten() + 1 for row in positions]
        bounds = [[0, *each.tolist(), positions.shape[1]] for each in begun]
        _lengths[positions] = [[end - start for start, end in pairwise(each)] for each in bounds]
    return cast("list[list[int]]", _lengths[positions])


AttentionInterface.register(_NAME, _attention)
AttentionMaskInterface.register(_NAME, sdpa_mask)
