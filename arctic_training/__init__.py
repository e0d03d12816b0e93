"""A type-checked, schema-first code generator for LLM post-training, and the runtime under it.

The names below are the public API: what losses, factories, callbacks and scripts import. Each is
imported on first access, so ``import arctic_training`` loads neither torch nor pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arctic_training.api import load_recipe, make_trainer
    from arctic_training.checkpoint.engine import CheckpointEngine
    from arctic_training.config.checkpoint import CheckpointConfig
    from arctic_training.config.data import DataConfig
    from arctic_training.config.model import ModelConfig
    from arctic_training.config.optimizer import OptimizerConfig
    from arctic_training.config.scheduler import SchedulerConfig
    from arctic_training.config.tokenizer import TokenizerConfig
    from arctic_training.config.trainer import TrainerConfig
    from arctic_training.core.context import TrainerContext
    from arctic_training.core.loss_output import LossOutput, Term
    from arctic_training.data.batches import (
        IGNORE_INDEX,
        PreferenceBatch,
        RowBatch,
        SFTBatch,
        UnpairedBatch,
    )
    from arctic_training.data.chat.conversation import Conversation, Message, Preference
    from arctic_training.data.factory import DataFactory
    from arctic_training.errors import (
        ArcticTrainingError,
        InvalidRecipeError,
        RecipeError,
        RegistryError,
        TrainingError,
        UnusableRecipeError,
    )
    from arctic_training.losses.language_modeling import next_token_logits, next_token_loss
    from arctic_training.losses.log_probabilities import token_log_probabilities
    from arctic_training.losses.preference import answer_lengths, answer_log_probabilities, dpo_loss
    from arctic_training.losses.unpaired import mismatched_answers
    from arctic_training.model.factory import ModelFactory
    from arctic_training.optimizer.factory import OptimizerFactory
    from arctic_training.scheduler.factory import SchedulerFactory
    from arctic_training.tokenizer.factory import TokenizerFactory
    from arctic_training.trainer.trainer import Trainer
else:
    from importlib import import_module

    from arctic_training.public_names import PUBLIC_NAMES

    def __getattr__(name: str) -> object:
        if name not in PUBLIC_NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(PUBLIC_NAMES[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *PUBLIC_NAMES})


__all__ = [
    "IGNORE_INDEX",
    "ArcticTrainingError",
    "CheckpointConfig",
    "CheckpointEngine",
    "Conversation",
    "DataConfig",
    "DataFactory",
    "InvalidRecipeError",
    "LossOutput",
    "Message",
    "ModelConfig",
    "ModelFactory",
    "OptimizerConfig",
    "OptimizerFactory",
    "Preference",
    "PreferenceBatch",
    "RecipeError",
    "RegistryError",
    "RowBatch",
    "SFTBatch",
    "SchedulerConfig",
    "SchedulerFactory",
    "Term",
    "TokenizerConfig",
    "TokenizerFactory",
    "Trainer",
    "TrainerConfig",
    "TrainerContext",
    "TrainingError",
    "UnpairedBatch",
    "UnusableRecipeError",
    "answer_lengths",
    "answer_log_probabilities",
    "dpo_loss",
    "load_recipe",
    "make_trainer",
    "mismatched_answers",
    "next_token_logits",
    "next_token_loss",
    "token_log_probabilities",
]
