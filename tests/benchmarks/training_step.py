"""CPU time of one training step, beside a plain PyTorch loop of the same arithmetic.

Both train a model of 12 million parameters on the same batches, in turns: a step of the one, a
step of the other. The trainer's time is all that passes between two plain steps, so that it also
pays for the loader, the report and the bookkeeping. One thread: threads that wait for each other
on a busy machine burn time that has nothing to do with either loop.
"""

from __future__ import annotations

import copy
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from transformers import PreTrainedModel, get_scheduler
from typing_extensions import override

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.data.batches import IGNORED, SFTBatch
from arctic_training.optimizer.parameters import decay_groups

_STEPS = 30
_WARM_UP = 5


def measure() -> Iterator[str]:
    """Measure, and show that both loops did the same."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        trainer = _Timed(SFTTrainerConfig.model_validate(_recipe(Path(name))))
        trainer.train()
    parameters = sum(parameter.numel() for parameter in trainer.plain.model.parameters())
    pairs = trainer.seconds[_WARM_UP:]
    ratio = statistics.median(ours for ours, _ in pairs) / statistics.median(p for _, p in pairs)
    apart = max(
        (ours - theirs).abs().max().item()
        for ours, theirs in zip(
            trainer.engine.unwrapped.parameters(), trainer.plain.model.parameters(), strict=True
        )
    )
    yield f"parameters                 {parameters:,}"
    yield f"plain step                 {1000 * statistics.median(p for _, p in pairs):.0f} ms"
    yield f"trainer / plain            {ratio:.3f}  (budget 1.05)"
    yield f"largest difference of a weight after {_STEPS} steps: {apart:.1e}"


class _Plain:
    """The loop that everybody writes."""

    def __init__(self, model: PreTrainedModel, config: SFTTrainerConfig) -> None:
        optimizer = config.optimizer
        self.model = model
        self.optimizer = AdamW(
            decay_groups(model, optimizer.weight_decay),
            lr=optimizer.learning_rate,
            betas=optimizer.betas,
            eps=optimizer.eps,
            fused=True,
        )
        self.scheduler = get_scheduler(
            "linear",
            self.optimizer,
            num_warmup_steps=config.scheduler.warmup_steps(_STEPS),
            num_training_steps=_STEPS,
        )
        self.clipping = config.deepspeed.gradient_clipping

    def step(self, batch: SFTBatch) -> None:
        logits = self.model(input_ids=batch["input_ids"], use_cache=False).logits
        loss = F.cross_entropy(
            logits[:, :-1].flatten(0, 1).float(),
            batch["labels"][:, 1:].flatten(),
            ignore_index=IGNORED,
        )
        torch.autograd.backward(loss)
        clip_grad_norm_(self.model.parameters(), self.clipping)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()


class _Timed(SFTTrainer, abstract=True):
    """Takes each step twice: the plain loop's, then its own."""

    def __init__(self, config: SFTTrainerConfig) -> None:
        super().__init__(config)
        model = copy.deepcopy(self.engine.unwrapped)
        assert isinstance(model, PreTrainedModel)
        self.plain = _Plain(model, config)
        self.seconds: list[tuple[float, float]] = []
        self._plain_ended = 0.0
        self._plain_took = 0.0

    @override
    def step(self, batch: SFTBatch) -> None:
        began = time.process_time()
        if self._plain_ended:
            self.seconds.append((began - self._plain_ended, self._plain_took))
        began = time.process_time()
        self.plain.step(batch)
        self._plain_ended = time.process_time()
        self._plain_took = self._plain_ended - began
        super().step(batch)


def _recipe(folder: Path) -> dict[str, object]:
    return {
        "model": {
            "type": "random_llama",
            "hidden_size": 384,
            "intermediate_size": 1024,
            "num_hidden_layers": 6,
            "num_attention_heads": 6,
            "dtype": "fp32",
            "disable_activation_checkpoint": True,
        },
        "tokenizer": {"type": "byte_level_bpe", "vocab_size": 4096},
        "data": {"sources": {"type": "python_docs"}, "max_length": 256, "div_length": 256},
        "micro_batch_size": 4,
        "train_iters": _STEPS,
        "train_log_iter_interval": _STEPS,
        "train_log_metrics_path": folder / "metrics.jsonl",
    }
