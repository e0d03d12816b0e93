"""Which known word was probably meant."""

from __future__ import annotations

import pytest

from arctic_training.diagnostics import nearest

_KEYS = ["sources", "eval_sources", "learning_rate", "micro_batch_size", "epochs", "max_length"]
_TYPES = ["fused_adam", "cpu_adam", "muon", "sft", "dpo", "causal", "my-custom-trainer"]


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("epohcs", _KEYS, "epochs"),
        ("epoch", _KEYS, "epochs"),
        ("micro-batch-size", _KEYS, "micro_batch_size"),
        ("MicroBatchSize", _KEYS, "micro_batch_size"),
        ("sources", _KEYS, "sources"),
        ("train_sources", _KEYS, "sources"),
        ("eval_source", _KEYS, "eval_sources"),
        ("lr", _KEYS, ""),
        ("min_length", _KEYS, ""),
        ("my_custom_trainer", _TYPES, "my-custom-trainer"),
        ("sfd", _TYPES, "sft"),
        ("casual", _TYPES, "causal"),
        ("fused_adm", _TYPES, "fused_adam"),
        ("swiftkv", _TYPES, ""),
        ("adamw", _TYPES, ""),
        ("adam", _TYPES, ""),
        ("", _TYPES, ""),
        ("x" * 10_000, _TYPES, ""),
    ],
)
def test_slips_are_recognised_and_other_words_are_not(
    word: str, known: list[str], meant: str
) -> None:
    """A slip of the fingers is near; a word with another one in its place is another word."""
    assert nearest(word, known) == meant
