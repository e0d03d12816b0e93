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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Generic, TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from transformers import get_scheduler
from typing_extensions import override

from arctic_trainers.dpo import DPOTrainer, DPOTrainerConfig
from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.data.batches import IGNORED, PreferenceBatch, SFTBatch
from arctic_training.optimizer.parameters import decay_groups

_STEPS = 30
_WARM_UP = 5
_MODEL: Final = {
    "type": "random_llama",
    "hidden_size": 384,
    "intermediate_size": 1024,
    "num_hidden_layers": 6,
    "num_attention_heads": 6,
    "dtype": "fp32",
    "disable_activation_checkpoint": True,
}

BatchT = TypeVar("BatchT")
_Config: TypeAlias = SFTTrainerConfig | DPOTrainerConfig
_Loss: TypeAlias = Callable[[nn.Module, BatchT], Tensor]


def measure() -> Iterator[str]:
    """Measure, and show that both loops did the same."""
    torch.set_num_threads(1)
    for trainer_class in (_TimedSFT, _TimedDPO):
        with tempfile.TemporaryDirectory() as name:
            trainer = trainer_class(Path(name))
            trainer.train()
        yield from _lines(trainer)


def _lines(trainer: _TimedSFT | _TimedDPO) -> Iterator[str]:
    plain, pairs = trainer.turns.plain, trainer.turns.seconds[_WARM_UP:]
    parameters = list(plain.model.parameters())
    median = statistics.median(took for _, took in pairs)
    ratio = statistics.median(ours for ours, _ in pairs) / median
    apart = max(
        (ours - theirs).abs().max().item()
        for ours, theirs in zip(trainer.engine.unwrapped.parameters(), parameters, strict=True)
    )
    yield f"{trainer.name}: parameters            {sum(p.numel() for p in parameters):,}"
    yield f"{trainer.name}: plain step            {1000 * median:.0f} ms"
    yield f"{trainer.name}: trainer / plain       {ratio:.3f}  (budget 1.05)"
    yield f"{trainer.name}: largest difference of a weight after {_STEPS} steps: {apart:.1e}"


class _Plain(Generic[BatchT]):
    """The loop that everybody writes."""

    def __init__(self, model: nn.Module, config: _Config, loss: _Loss[BatchT]) -> None:
        optimizer = config.optimizer
        self.model = model
        self.loss = loss
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

    def step(self, batch: BatchT) -> None:
        torch.autograd.backward(self.loss(self.model, batch))
        clip_grad_norm_(self.model.parameters(), self.clipping)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()


class _Turns(Generic[BatchT]):
    """Takes the time of the plain loop's steps, and of all that passes between two of them."""

    def __init__(self, plain: _Plain[BatchT]) -> None:
        self.plain = plain
        self.seconds: list[tuple[float, float]] = []
        self._plain_ended = 0.0
        self._plain_took = 0.0

    def take(self, batch: BatchT) -> None:
        began = time.process_time()
        if self._plain_ended:
            self.seconds.append((began - self._plain_ended, self._plain_took))
        began = time.process_time()
        self.plain.step(batch)
        self._plain_ended = time.process_time()
        self._plain_took = self._plain_ended - began


class _TimedSFT(SFTTrainer, abstract=True):
    """Takes each step twice: the plain loop's, then its own."""

    def __init__(self, folder: Path) -> None:
        config = SFTTrainerConfig.model_validate(_recipe(folder, "python_docs", 4))
        super().__init__(config)
        model = copy.deepcopy(self.engine.unwrapped)
        self.turns = _Turns(_Plain(model, config, _sft_loss))

    @override
    def step(self, batch: SFTBatch) -> None:
        self.turns.take(batch)
        super().step(batch)


def _sft_loss(model: nn.Module, batch: SFTBatch) -> Tensor:
    logits = model(input_ids=batch["input_ids"], use_cache=False).logits
    return F.cross_entropy(
        logits[:, :-1].flatten(0, 1).float(),
        batch["labels"][:, 1:].flatten(),
        ignore_index=IGNORED,
    )


class _TimedDPO(DPOTrainer, abstract=True):
    """Takes each step twice: the plain loop's, then its own."""

    def __init__(self, folder: Path) -> None:
        recipe = _recipe(folder, "python_docs_preference", 2) | {"ref_model": _MODEL}
        config = DPOTrainerConfig.model_validate(recipe)
        super().__init__(config)
        model, reference = copy.deepcopy(self.engine.unwrapped), copy.deepcopy(self._reference)
        self.turns = _Turns[PreferenceBatch](
            _Plain(model, config, lambda m, batch: _dpo_loss(m, reference, batch))
        )

    @property
    def _reference(self) -> nn.Module:
        return self.frozen_model(self.config.ref_model)

    @override
    def step(self, batch: PreferenceBatch) -> None:
        self.turns.take(batch)
        super().step(batch)


def _dpo_loss(model: nn.Module, reference: nn.Module, batch: PreferenceBatch) -> Tensor:
    with torch.no_grad():
        theirs = _answers(reference, batch)
    chosen, rejected = (_answers(model, batch) - theirs).chunk(2)
    return -F.logsigmoid(0.1 * (chosen - rejected)).mean()


def _answers(model: nn.Module, batch: PreferenceBatch) -> Tensor:
    """Return the log-probability of each side's answer, of the trained tokens alone."""
    logits = model(input_ids=batch["input_ids"], use_cache=False).logits[:, :-1]
    labels = batch["labels"][:, 1:]
    trained = labels != IGNORED
    found = logits[trained].float().log_softmax(-1).gather(-1, labels[trained][:, None])
    tokens = torch.zeros(labels.shape).masked_scatter(trained, found)
    return tokens.sum(-1)


def _recipe(folder: Path, source: str, size: int) -> dict[str, object]:
    return {
        "model": _MODEL,
        "tokenizer": {"type": "byte_level_bpe", "vocab_size": 4096},
        "data": {"sources": {"type": source}, "max_length": 256, "div_length": 256},
        "micro_batch_size": size,
        "train_iters": _STEPS,
        "train_log_iter_interval": _STEPS,
        "train_log_metrics_path": folder / "metrics.jsonl",
    }
