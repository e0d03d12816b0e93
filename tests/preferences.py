"""Tiny runs of the `dpo` trainer, which several tests train."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from arctic_trainers.dpo import DPOTrainer, DPOTrainerConfig
from arctic_training.conformance.descent import Descending
from tests.support import write
from tests.tiny import recipe

SMALL = {
    "type": "random_llama",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "dtype": "fp32",
}


def dpo_config(**changes: object) -> DPOTrainerConfig:
    """Return the small recipe for ``DPOTrainer``; sections in ``changes`` replace its own."""
    values: dict[str, object] = {
        "type": "dpo",
        "ref_model": SMALL,
        "data": {"type": "dpo", "sources": {"type": "python_docs_preference", "sample_count": 8}},
    }
    return DPOTrainerConfig.model_validate(recipe(**values) | changes)


def pairs(number: int) -> list[dict[str, object]]:
    """Return so many rows of pairs whose sides have very different lengths."""
    return [
        {
            "prompt": f"Count to {n}.",
            "chosen": " ".join(map(str, range(n % 7 * 5 + 1))),
            "rejected": "no " * (n % 5 * 4 + 1),
        }
        for n in range(number)
    ]


def preference_data(path: Path, rows: Sequence[object], **changes: object) -> dict[str, object]:
    """Write rows to a file; return the data section that reads it."""
    write(path, "".join(json.dumps(row) + "\n" for row in rows))
    source = {"type": "huggingface_preference", "name_or_path": str(path)}
    return {"type": "dpo", "sources": source | changes, "max_length": 512, "div_length": 8}


class SGDTrainer(Descending, DPOTrainer, abstract=True):
    """Descends by the gradient itself: unlike AdamW, that does not magnify rounding."""
