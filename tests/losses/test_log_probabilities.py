"""Log-probabilities of tokens, a few rows at a time."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from arctic_training.data.batches import IGNORE_INDEX
from arctic_training.losses import log_probabilities
from arctic_training.losses.log_probabilities import token_log_probabilities


def _whole(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the same of all rows at once, in fp64."""
    found = logits.double().log_softmax(-1).gather(-1, labels.clamp_min(0)[:, None])
    return found.squeeze(-1).where(labels != IGNORE_INDEX, torch.zeros(()).double())


@pytest.mark.parametrize("chunk", [1, 64, 2**22])
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-6), (torch.bfloat16, 4e-3)])
def test_values_and_gradients_are_those_of_all_rows_at_once(
    chunk: int, dtype: torch.dtype, close: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows are taken at a time, results are fp32's; gradients have logits' dtype."""
    monkeypatch.setattr(log_probabilities, "_CHUNK", chunk)
    torch.manual_seed(1)
    logits = (8 * torch.randn(13, 29)).to(dtype).requires_grad_()
    labels = torch.randint(29, (13,))
    labels[[0, 5, 12]] = IGNORE_INDEX
    weights = torch.randn(13)

    found = token_log_probabilities(logits, labels)
    assert found.dtype == torch.float32
    (gradient,) = torch.autograd.grad((found * weights).sum(), logits)
    expected = _whole(logits, labels)
    (expected_gradient,) = torch.autograd.grad((expected * weights).sum(), logits)
    assert gradient.dtype == dtype
    torch.testing.assert_close(found.double(), expected, atol=2e-6, rtol=1e-6)
    torch.testing.assert_close(gradient, expected_gradient, atol=close, rtol=close)
    assert gradient[labels == IGNORE_INDEX].count_nonzero() == 0


def test_extreme_logits_stay_finite() -> None:
    """Logits far apart overflow neither the sum of their powers nor its logarithm."""
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    found = token_log_probabilities(logits, torch.tensor([0, 0]))
    assert found.tolist() == [0.0, -2e4]
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert gradient.tolist() == [[0.0, 0.0], [1.0, -1.0]]


def test_nothing_of_the_size_of_the_logits_is_kept_in_fp32() -> None:
    """What is kept for the backward pass is the logits themselves and a number for each row."""
    kept: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    logits = torch.randn(64, 100, dtype=torch.bfloat16, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        token_log_probabilities(logits, torch.arange(64))
    others = [tensor for tensor in kept if tensor.data_ptr() != logits.data_ptr()]
    assert len(others) == len(kept) - 1
    assert all(tensor.numel() <= 64 for tensor in others)
