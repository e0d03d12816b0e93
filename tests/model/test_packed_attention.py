"""Attention that takes the documents of a row one by one."""

from __future__ import annotations

from typing import Any, Final

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from arctic_training.model.packed_attention import attend_by_document

_SIZES: Final[dict[str, Any]] = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
_MODULE: Final = attend_by_document.__module__
_ROWS: Final = [[5, 9, 1, 17], [32], [1, 1, 30]]


def _model(kind: str) -> LlamaForCausalLM | MistralForCausalLM:
    torch.manual_seed(0)
    model: LlamaForCausalLM | MistralForCausalLM
    if kind == "window":
        model = MistralForCausalLM(MistralConfig(**_SIZES, sliding_window=4))
    else:
        model = LlamaForCausalLM(LlamaConfig(**_SIZES))
    model.train()
    return model


def _positions() -> torch.Tensor:
    return torch.stack([torch.cat([torch.arange(length) for length in row]) for row in _ROWS])


def _logits_and_gradient(model: LlamaForCausalLM | MistralForCausalLM) -> list[torch.Tensor]:
    model.zero_grad()
    ids = torch.arange(96).reshape(3, 32) % 50
    logits = model(input_ids=ids, position_ids=_positions(), use_cache=False).logits
    torch.autograd.backward(logits.square().sum())
    return [logits.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)]


@pytest.mark.parametrize("kind", ["grouped heads", "window"])
def test_documents_one_by_one_are_the_whole_row(kind: str) -> None:
    """Logits and gradients are those of attention over whole rows, with a window too."""
    model = _model(kind)
    expected = _logits_and_gradient(model)
    attend_by_document(model)
    for mine, theirs in zip(_logits_and_gradient(model), expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


def test_only_the_documents_squares_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attention of a row is computed for each of its documents, and nothing between them."""
    asked: list[tuple[int, int]] = []

    def attend(*document: Any, **options: Any) -> torch.Tensor:  # noqa: ANN401 - passed on
        asked.append((document[0].shape[1], document[1].shape[1]))
        return scaled_dot_product_attention(*document, **options)

    monkeypatch.setattr(f"{_MODULE}.scaled_dot_product_attention", attend)
    model = _model("grouped heads")
    attend_by_document(model)
    _logits_and_gradient(model)
    assert asked == [(length, length) for row in _ROWS for length in row] * 2


def test_what_is_not_packed_is_left_to_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one document, padding, a cache and other kinds of attention stay as they were."""
    model = _model("grouped heads")
    ids, mask = torch.arange(32)[None], torch.ones(1, 32, dtype=torch.int64)
    mask[:, :4] = 0
    inputs: list[dict[str, Any]] = [{}, {"attention_mask": mask}, {"use_cache": True}]
    expected = [model(input_ids=ids, **each).logits for each in inputs]
    attend_by_document(model)
    for each, logits in zip(inputs, expected, strict=True):
        torch.testing.assert_close(model(input_ids=ids, **each).logits, logits)
    eager = _model("grouped heads")
    eager.set_attn_implementation("eager")
    attend_by_document(eager)
    monkeypatch.setattr(f"{_MODULE}._is_plain", None)
    _logits_and_gradient(eager)
