"""Tiny runs of the `dpo` trainer, which several tests train."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from torch.optim import SGD, Optimizer
from typing_extensions import override

from arctic_trainers.dpo import DPOTrainer, DPOTrainerConfig
from arctic_training.config.optimizer import FusedAdamConfig
from arctic_training.optimizer.fused_adam import FusedAdamFactory
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


class _SGDFactory(FusedAdamFactory, abstract=True):
    @override
    def create(self) -> Optimizer:
        trained = [each for each in self.trainer.model.parameters() if each.requires_grad]
        return SGD(trained, lr=self.config.learning_rate, momentum=0.9)


class SGDTrainer(DPOTrainer, abstract=True):
    """Descends by the gradient itself: unlike AdamW, that does not magnify rounding."""

    @override
    def make_optimizer_factory(self) -> FusedAdamFactory:
        section = self.config.optimizer
        assert isinstance(section, FusedAdamConfig)
        return _SGDFactory(self, section)
