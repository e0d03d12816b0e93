"""Log-probabilities of tokens, for as little memory as the logits leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from arctic_training.data.batches import IGNORE_INDEX

__all__ = ["token_log_probabilities"]

_CHUNK: Final = 2**22
"""Logits that are held in fp32 at a time: 16 MiB."""


def token_log_probabilities(logits: Tensor, labels: Tensor) -> Tensor:
    """Return ``log p(label)``, the log-softmax of each row of logits at its label.

    Computed in fp32, whatever the dtype of the logits, for a few rows at a time: beside the logits
    and their gradient, both in their own dtype, nothing of their size is ever held. Rows that are
    ignored cost nothing.

    Args:
        logits: floating point, of shape (tokens, vocabulary).
        labels: int64, of shape (tokens); ``IGNORE_INDEX`` where no token is asked for.

    Returns:
        fp32, of shape (tokens); 0 where the label is ``IGNORE_INDEX``.

    """
    result: Tensor = _TokenLogProbabilities.apply(logits, labels)  # type: ignore[no-untyped-call]
    return result


class _Context(FunctionCtx):
    saved_tensors: tuple[Tensor, Tensor, Tensor]


class _TokenLogProbabilities(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Context, logits: Tensor, labels: Tensor) -> Tensor:
        normalizers = torch.zeros(labels.shape, device=logits.device)
        picked = torch.zeros_like(normalizers)
        for rows in _chunks(labels, logits.shape[-1]):
            chunk = logits[rows].float()
            normalizers[rows] = chunk.logsumexp(-1)
            picked[rows] = chunk.gather(-1, labels[rows, None]).squeeze(-1)
        ctx.save_for_backward(logits, labels, normalizers)
        return picked - normalizers

    @staticmethod
    @once_differentiable
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the logits: that of the output times ``[i = label] - p_i``."""
        logits, labels, normalizers = ctx.saved_tensors
        of_logits = torch.zeros_like(logits)
        for rows in _chunks(labels, logits.shape[-1]):
            chunk = logits[rows].float().sub_(normalizers[rows, None]).exp_()
            outer = gradient[rows, None]
            chunk.mul_(-outer).scatter_add_(-1, labels[rows, None], outer)
            of_logits[rows] = chunk.to(logits.dtype)
        return of_logits, None


def _chunks(labels: Tensor, vocabulary: int) -> Iterator[Tensor]:
    """Iterate over the indices of the rows that have a label, a few at a time."""
    rows = (labels != IGNORE_INDEX).nonzero().squeeze(-1)
    size = max(1, _CHUNK // vocabulary)
    return (rows[start : start + size] for start in range(0, len(rows), size))
