"""Tiny trainers that many tests train, in this process: one generated, one written by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import yaml
from torch.optim import SGD, Optimizer

from arctic_trainers.sft import SFTTrainerConfig
from arctic_training.config.base import OneOrMany
from arctic_training.config.checkpoint import DeepSpeedCheckpointConfig
from arctic_training.config.data import SFTDataConfig
from arctic_training.config.model import RandomLlamaConfig
from arctic_training.config.optimizer import OptimizerConfig
from arctic_training.config.scheduler import HFSchedulerConfig
from arctic_training.config.tokenizer import ByteLevelBPEConfig
from arctic_training.config.trainer import TrainerConfig
from arctic_training.conformance.laid_over import laid_over
from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.core.reports import Measures, StepReport
from arctic_training.data.batches import SFTBatch
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.factories.causal import CausalDataFactory
from arctic_training.data.factories.preference import PreferenceDataFactory
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.store.prepared_data import Prepared
from arctic_training.data.store.samples import Samples
from arctic_training.engines.deepspeed.checkpoint import DeepSpeedCheckpointEngine
from arctic_training.losses.language_modeling import next_token_loss
from arctic_training.model.random_llama import RandomLlamaFactory
from arctic_training.optimizer.factory import OptimizerFactory
from arctic_training.scheduler.huggingface import HFSchedulerFactory
from arctic_training.terminal.activity import Stage
from arctic_training.tokenizer.byte_level_bpe import ByteLevelBPEFactory
from arctic_training.trainer.trainer import Trainer
from tests.support import RECIPE, write


def recipe(**changes: object) -> dict[str, object]:
    """Return the small recipe; sections in ``changes`` are laid over those that it has."""
    return laid_over(yaml.safe_load(RECIPE), changes)


def sft_config(**changes: object) -> SFTTrainerConfig:
    """Return the small recipe for ``SFTTrainer``."""
    return SFTTrainerConfig.model_validate(recipe(**changes))


def ragged(number: int) -> list[Conversation]:
    """Return so many conversations of very different lengths, which tokenise quickly."""
    return [
        [
            {"role": "user", "content": f"Count to {n}."},
            {"role": "assistant", "content": " ".join(map(str, range(n % 7 * 5 + 1)))},
        ]
        for n in range(number)
    ]


def jsonl(path: Path, conversations: Sequence[Conversation]) -> dict[str, object]:
    """Write conversations to a file; return the section of a source that reads it."""
    lines = [json.dumps({"messages": conversation}) for conversation in conversations]
    write(path, "\n".join(lines) + "\n")
    return {"type": "huggingface_instruct", "name_or_path": str(path)}


def prepared(
    factory: SFTDataFactory | CausalDataFactory | PreferenceDataFactory, items: Sequence[Any]
) -> Prepared:
    """Return what a data factory makes of conversations, documents or pairs in memory."""
    return factory.build_rows(Samples.of(factory.tokenised(items)))


class Recorder:
    """Takes down what a person would see."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.reports: list[StepReport] = []
        self.stages: list[Stage] = []

    def note(self, text: str) -> None:
        """Take down a line."""
        self.notes.append(text)

    def show(self, report: StepReport) -> None:
        """Take down an optimizer step."""
        self.reports.append(report)

    def begin(self, stage: Stage) -> None:
        """Take down a stage."""
        self.stages.append(stage)

    def finish(self, stage: Stage) -> None:
        """Show it no more."""

    def end(self) -> None:
        """End."""


REPORT = StepReport(
    step=1,
    horizon=9,
    epoch=0,
    loss=2.5,
    learning_rate=1e-3,
    tokens=90,
    gradient_norm=0.75,
    measures=Measures(0.5, 1.5),
    terms={"margin": 0.25},
)
"""What is known after a step."""


class SGDConfig(OptimizerConfig, frozen=True):
    """Gradient descent with momentum."""

    type: Literal["sgd"] = "sgd"


class SGDFactory(OptimizerFactory[SGDConfig]):
    """Gradient descent with momentum: unlike AdamW, it does not magnify rounding."""

    name = "sgd"
    config_type = SGDConfig

    def create(self) -> Optimizer:
        """Make the optimizer."""
        trained = [each for each in self.trainer.model.parameters() if each.requires_grad]
        return SGD(trained, lr=self.config.learning_rate, momentum=0.9)


class HandConfig(TrainerConfig, frozen=True):
    """Recipe of the trainer that is written by hand."""

    type: Literal["hand"] = "hand"
    data: SFTDataConfig
    model: RandomLlamaConfig
    checkpoint: Annotated[tuple[DeepSpeedCheckpointConfig, ...], OneOrMany()] = ()
    optimizer: SGDConfig = SGDConfig()
    scheduler: HFSchedulerConfig = HFSchedulerConfig()
    tokenizer: ByteLevelBPEConfig = ByteLevelBPEConfig()

    noise: bool = False
    """Multiply each loss with random numbers of Python, NumPy and PyTorch."""


class HandTrainer(Trainer[HandConfig, SFTBatch]):
    """A trainer as a user writes it, without the generator."""

    name = "hand"
    config_type = HandConfig
    data_factory_type = SFTDataFactory
    model_factory_type = RandomLlamaFactory
    checkpoint_engine_type = DeepSpeedCheckpointEngine
    optimizer_factory_type = SGDFactory
    scheduler_factory_type = HFSchedulerFactory
    tokenizer_factory_type = ByteLevelBPEFactory
    metrics = {"tokens_each": "mean", "samples": "sum"}  # noqa: RUF012 - as users write it

    def loss(self, batch: SFTBatch) -> LossOutput:
        """Return the loss of next tokens, and two terms."""
        output = next_token_loss(self, batch)
        samples = len(batch["lengths"])
        terms = {
            "tokens_each": Term(sum=batch["lengths"].sum(), count=samples),
            "samples": Term(sum=samples, count=1),
        }
        return LossOutput(sum=output.sum * self._factor(), count=output.count, terms=terms)

    def _factor(self) -> float:
        if not self.config.noise:
            return 1.0
        drawn = (random.random(), np.random.random(), torch.rand(()).item())  # noqa: S311, NPY002
        return 1.0 + sum(drawn)


def hand_config(**changes: object) -> HandConfig:
    """Return the small recipe for ``HandTrainer``."""
    return HandConfig.model_validate(recipe(**{"type": "hand", **changes}))
