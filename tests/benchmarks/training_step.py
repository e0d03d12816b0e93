"""CPU time of one training step, beside plain loops of the same arithmetic.

The other loop is PyTorch alone or, at each ZeRO stage, DeepSpeed as its own guide has it. Both
train a model of 12 million parameters on the same batches, in turns: a step of the one, a step of
the other. The trainer's time is all that passes between two steps of the other, so that it also
pays for the loader, the report and the bookkeeping. One thread: threads that wait for each other
on a busy machine burn time that has nothing to do with either loop.
"""

from __future__ import annotations

import copy
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from torch.optim.lr_scheduler import LRScheduler
from transformers import AutoModelForCausalLM, get_scheduler
from typing_extensions import override

from arctic_trainers.dpo import DPOTrainer, DPOTrainerConfig
from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.core.engine import Engine
from arctic_training.data.batches import IGNORE_INDEX, PreferenceBatch, SFTBatch
from arctic_training.engines.deepspeed.backend import deepspeed
from arctic_training.optimizer.parameter_groups import decay_groups
from tests.benchmarks.measurement import Measurement

_STEPS = 20
_WARM_UP = 5
_APART = 1e-4
"""AdamW magnifies rounding: a parameter whose gradient is near 0 moves by the learning rate."""
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
Batch_contra = TypeVar("Batch_contra", contravariant=True)
TimedConfig: TypeAlias = SFTTrainerConfig | DPOTrainerConfig
Loss: TypeAlias = Callable[[nn.Module, BatchT], Tensor]


def measure() -> Iterator[Measurement]:
    """Measure, and show that both loops did the same."""
    torch.set_num_threads(1)
    for trainer_class in (TimedSFT, _TimedDPO):
        with tempfile.TemporaryDirectory() as name:
            trainer = trainer_class(Path(name), PlainLoop)
            trainer.train()
        yield from _measurements(trainer, trainer.name, "plain", 1.05)
    for stage in range(4):
        with tempfile.TemporaryDirectory() as name:
            sharded = TimedSFT(Path(name), BareDeepSpeedLoop, stage)
            sharded.train()
        yield from _measurements(sharded, f"sft, ZeRO {stage}", "bare DeepSpeed", 1.02)


def _measurements(
    trainer: TimedSFT | _TimedDPO, title: str, other: str, budget: float
) -> Iterator[Measurement]:
    pairs = trainer.turns.seconds[_WARM_UP:]
    median = statistics.median(took for _, took in pairs)
    ratio = statistics.median(ours for ours, _ in pairs) / median
    ours, theirs = trainer.engine.full_state_dict(), trainer.turns.loop.weights()
    apart = max((ours[name] - value).abs().max().item() for name, value in theirs.items())
    yield Measurement(name=f"{title}, {other} step", value=1000 * median, unit="ms")
    yield Measurement(name=f"{title}, trainer / {other}", value=ratio, unit="x", budget=budget)
    steps = len(pairs) + _WARM_UP
    name = f"{title}, largest difference of a parameter after {steps} steps"
    yield Measurement(name=name, value=apart, unit="", budget=_APART)


class Loop(Protocol[Batch_contra]):
    """A training loop that somebody wrote by hand."""

    def step(self, batch: Batch_contra) -> None:
        """Take an optimizer step."""

    def weights(self) -> Mapping[str, Tensor]:
        """Return the whole model's weights by name."""


def _optimizer(model: nn.Module, config: TimedConfig) -> tuple[AdamW, LRScheduler]:
    chosen = config.optimizer
    optimizer = AdamW(
        decay_groups(model, chosen.weight_decay),
        lr=chosen.learning_rate,
        betas=chosen.betas,
        eps=chosen.eps,
        fused=True,
    )
    scheduler = get_scheduler(
        "linear",
        optimizer,
        num_warmup_steps=config.scheduler.warmup_steps(_STEPS),
        num_training_steps=_STEPS,
    )
    return optimizer, scheduler


class PlainLoop(Generic[BatchT]):
    """The loop that everybody writes."""

    def __init__(self, model: nn.Module, config: TimedConfig, loss: Loss[BatchT]) -> None:
        self.model = model
        self.loss = loss
        self.optimizer, self.scheduler = _optimizer(model, config)
        self.clipping = config.deepspeed.gradient_clipping

    def weights(self) -> Mapping[str, Tensor]:
        """Return the model's weights."""
        return dict(self.model.named_parameters())

    def step(self, batch: BatchT) -> None:
        """Take an optimizer step."""
        torch.autograd.backward(self.loss(self.model, batch))
        clip_grad_norm_(self.model.parameters(), self.clipping)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()


class BareDeepSpeedLoop(Generic[BatchT]):
    """The loop of DeepSpeed's guide, with the same ZeRO stage and clipping."""

    def __init__(self, model: nn.Module, config: TimedConfig, loss: Loss[BatchT]) -> None:
        self.loss = loss
        optimizer, scheduler = _optimizer(model, config)
        self.engine: Any = deepspeed.initialize(
            model=model,
            optimizer=optimizer,
            lr_scheduler=scheduler,
            config={
                "train_micro_batch_size_per_gpu": config.micro_batch_size,
                "gradient_clipping": config.deepspeed.gradient_clipping,
                "zero_optimization": {"stage": config.deepspeed.zero_optimization.stage},
                "zero_allow_untested_optimizer": True,
            },
        )[0]

    def weights(self) -> Mapping[str, Tensor]:
        """Return the model's weights."""
        parameters = dict(self.engine.module.named_parameters())
        with deepspeed.zero.GatheredParameters(list(parameters.values())):
            return {name: value.detach().clone() for name, value in parameters.items()}

    def step(self, batch: BatchT) -> None:
        """Take an optimizer step."""
        self.engine.backward(self.loss(self.engine, batch))
        self.engine.step()


class _Turns(Generic[BatchT]):
    """Takes the time of another loop's steps, and of all that passes between two of them."""

    def __init__(self, loop: Loop[BatchT]) -> None:
        self.loop = loop
        self.seconds: list[tuple[float, float]] = []
        self._ended = 0.0
        self._took = 0.0

    def take(self, batch: BatchT) -> None:
        began = time.process_time()
        if self._ended:
            self.seconds.append((began - self._ended, self._took))
        began = time.process_time()
        self.loop.step(batch)
        self._ended = time.process_time()
        self._took = self._ended - began


class TimedSFT(SFTTrainer, abstract=True):
    """Takes each step twice: the other loop's, then its own."""

    def __init__(self, folder: Path, loop: Callable[..., Loop[SFTBatch]], stage: int = 0) -> None:
        config = SFTTrainerConfig.model_validate(sft_recipe(folder, stage))
        super().__init__(config)
        self.turns = _Turns(loop(_twin(self.engine), config, sft_loss))

    @override
    def step(self, batch: SFTBatch) -> None:
        self.turns.take(batch)
        super().step(batch)


def _twin(engine: Engine) -> nn.Module:
    """Return a model of its own with the weights of the engine's."""
    model: nn.Module = AutoModelForCausalLM.from_config(engine.unwrapped.config)
    model.load_state_dict(engine.full_state_dict())
    return model


def sft_loss(model: nn.Module, batch: SFTBatch) -> Tensor:
    """Return the mean cross-entropy of the trained tokens, as everybody writes it."""
    logits = model(input_ids=batch["input_ids"], use_cache=False).logits
    return F.cross_entropy(
        logits[:, :-1].flatten(0, 1).float(),
        batch["shift_labels"][:, :-1].flatten(),
        ignore_index=IGNORE_INDEX,
    )


class _TimedDPO(DPOTrainer, abstract=True):
    """Takes each step twice: the other loop's, then its own."""

    def __init__(self, folder: Path, loop: Callable[..., Loop[PreferenceBatch]]) -> None:
        recipe = _recipe(folder, "python_docs_preference", 2) | {"ref_model": _MODEL}
        config = DPOTrainerConfig.model_validate(recipe)
        super().__init__(config)
        reference = copy.deepcopy(self._reference)
        self.turns = _Turns(
            loop(_twin(self.engine), config, lambda m, batch: _dpo_loss(m, reference, batch))
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
    labels = batch["shift_labels"][:, :-1]
    trained = labels != IGNORE_INDEX
    found = logits[trained].float().log_softmax(-1).gather(-1, labels[trained][:, None])
    tokens = torch.zeros(labels.shape).masked_scatter(trained, found)
    return tokens.sum(-1)


def sft_recipe(folder: Path, stage: int = 0) -> dict[str, object]:
    """Return the recipe of the trainer that is measured."""
    return _recipe(folder, "python_docs", 4) | {
        "deepspeed": {"zero_optimization": {"stage": stage}}
    }


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
